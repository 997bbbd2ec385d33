/** Start-up steps are tried until they work, or as often as they may. */

import { describe, expect, test } from "bun:test";
import { retryStartup, type StartupRetry } from "../../../src/actors/startup-retry.ts";
import { FatalError } from "../../../src/supervisor/actor.ts";
import { manualClock } from "../../support/manual-clock.ts";

function setUp(over: Partial<StartupRetry> = {}) {
  const clock = manualClock();
  const failures: number[] = [];
  const options: StartupRetry = {
    maxRetries: 0,
    backoffMs: 2_000,
    clock,
    signal: new AbortController().signal,
    onFailure: (_, attempt) => failures.push(attempt),
    progress: () => {},
    ...over,
  };
  return { clock, failures, options };
}

const failing = (times: number) => {
  let calls = 0;
  return async () => {
    if (calls++ < times) throw new Error(`failure ${calls}`);
    return calls;
  };
};

describe("retryStartup", () => {
  test("tries until the step works, waiting longer each time", async () => {
    const { clock, failures, options } = setUp();

    const started = retryStartup(failing(3), options);
    await clock.advance(2_000 + 4_000 + 6_000);

    expect(await started).toBe(4);
    expect(failures).toEqual([1, 2, 3]);
  });

  test("gives up with the last error after as many tries as it may", async () => {
    const { clock, options } = setUp({ maxRetries: 2 });

    const started = retryStartup(failing(9), options).catch((error: Error) => error.message);
    await clock.advance(60_000);

    expect(await started).toBe("failure 2");
  });

  test("does not try again what no retry can mend", async () => {
    const { failures, options } = setUp();

    const started = retryStartup(() => Promise.reject(new FatalError(78, "another number")), options);

    expect(started).rejects.toThrow("another number");
    expect(failures).toEqual([]);
  });

  test("reports progress while it waits", async () => {
    let beats = 0;
    const { clock, options } = setUp({ backoffMs: 10_000, progress: () => beats++ });

    const started = retryStartup(failing(1), options);
    await clock.advance(10_000);
    await started;

    expect(beats).toBe(10);
  });

  test("answers null when it is asked to stop first", async () => {
    const stop = new AbortController();
    const { clock, options } = setUp({ signal: stop.signal });

    const started = retryStartup(failing(99), options);
    await clock.advance(500);
    stop.abort();

    expect(await started).toBeNull();
  });
});
