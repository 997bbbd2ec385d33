/** A nap ends early for a hint, also for one that came too soon. */

import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/core/clock.ts";
import { Nap } from "../../../src/core/nap.ts";

const LONG_MS = 60_000;

describe("Nap", () => {
  test("ends when it is woken", async () => {
    const nap = new Nap(systemClock);
    const slept = nap.sleep(LONG_MS);

    nap.wake();

    expect(await slept).toBeUndefined();
  });

  test("returns at once when the hint came before the sleep", async () => {
    const nap = new Nap(systemClock);

    nap.wake();

    expect(await nap.sleep(LONG_MS)).toBeUndefined();
  });

  test("one hint ends one sleep only", async () => {
    const nap = new Nap(systemClock);
    nap.wake();
    await nap.sleep(LONG_MS);

    const second = nap.sleep(LONG_MS).then(() => "woken");
    const winner = await Promise.race([second, systemClock.sleep(5).then(() => "asleep")]);
    nap.wake();

    expect(winner).toBe("asleep");
  });
});
