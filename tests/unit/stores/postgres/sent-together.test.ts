import { describe, expect, test } from "bun:test";
import { sentTogether } from "../../../../src/stores/postgres/sent-together.ts";

const failure = (code: string) => Object.assign(new Error(code), { code });
const LOCK_TIMEOUT = failure("55P03");
const ABORTED = failure("25P02");

/** Rejects after so many turns of the microtask queue, as nested work does. */
async function rejectAfter(turns: number, error: Error): Promise<never> {
  for (let turn = 0; turn < turns; turn++) await null;
  throw error;
}

describe("sentTogether", () => {
  test("answers in the order of the work", async () => {
    expect(await sentTogether([Promise.resolve(1), Promise.resolve("two")])).toEqual([1, "two"]);
    expect(await sentTogether([])).toEqual([]);
  });

  test("tells the cause, though its consequence is heard first", async () => {
    const both = sentTogether([rejectAfter(20, LOCK_TIMEOUT), rejectAfter(0, ABORTED)]);
    await expect(both).rejects.toBe(LOCK_TIMEOUT);
    const later = sentTogether([rejectAfter(0, ABORTED), rejectAfter(20, LOCK_TIMEOUT)]);
    await expect(later).rejects.toBe(LOCK_TIMEOUT);
  });

  test("tells of several causes the one that was sent first, and of consequences alone one of them", async () => {
    const other = failure("23505");
    const both = sentTogether([rejectAfter(20, other), rejectAfter(0, LOCK_TIMEOUT)]);
    await expect(both).rejects.toBe(other);
    const none = sentTogether([rejectAfter(0, ABORTED), Promise.resolve(1)]);
    await expect(none).rejects.toBe(ABORTED);
  });

  test("ends when all work has ended", async () => {
    const { promise: slow, resolve } = Promise.withResolvers<void>();
    let ended = false;
    const both = sentTogether([rejectAfter(0, LOCK_TIMEOUT), slow]).catch(() => {
      ended = true;
    });
    await Bun.sleep(1);
    expect(ended).toBe(false);
    resolve();
    await both;
    expect(ended).toBe(true);
  });
});
