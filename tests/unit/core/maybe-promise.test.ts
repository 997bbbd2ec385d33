import { describe, expect, test } from "bun:test";
import { attempt, chain, settle } from "../../../src/core/maybe-promise.ts";

const fail = () => {
  throw new Error("no");
};

describe("chain", () => {
  test("goes on at once with a value, and later with a promise", async () => {
    expect(chain(1, (value) => value + 1)).toBe(2);
    expect(await chain(Promise.resolve(1), (value) => value + 1)).toBe(2);
    expect(await chain(1, async (value) => value + 1)).toBe(2);
  });

  test("lets failures through", () => {
    expect(() => chain(1, fail)).toThrow("no");
    expect(chain(Promise.resolve(1), fail) as Promise<never>).rejects.toThrow("no");
  });
});

describe("settle", () => {
  test("runs what comes after once, whether the work gives, throws, resolves or rejects", async () => {
    let runs = 0;
    const after = () => void runs++;
    expect(settle(() => 1, after)).toBe(1);
    expect(runs).toBe(1);
    expect(() => settle(fail, after)).toThrow("no");
    expect(runs).toBe(2);
    expect(await settle(async () => 2, after)).toBe(2);
    expect(runs).toBe(3);
    await expect(settle(async () => fail(), after) as Promise<never>).rejects.toThrow("no");
    expect(runs).toBe(4);
  });

  test("does not run it while the work goes on", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let ended = false;
    const work = settle(
      () => promise,
      () => {
        ended = true;
      },
    );
    await Bun.sleep(0);
    expect(ended).toBe(false);
    resolve();
    await work;
    expect(ended).toBe(true);
  });
});

describe("attempt", () => {
  test("recovers from what is thrown and from what is rejected, and from nothing else", async () => {
    const recover = (error: unknown) => (error as Error).message;
    expect(attempt<string>(() => "well", recover)).toBe("well");
    expect(attempt<string>(fail, recover)).toBe("no");
    expect(await attempt<string>(async () => "well", recover)).toBe("well");
    expect(await attempt<string>(async () => fail(), recover)).toBe("no");
  });
});
