/** How event-loop lag is measured. */

import { describe, expect, test } from "bun:test";
import type { Clock } from "../../../src/core/clock.ts";
import { startEventLoopLag } from "../../../src/telemetry/event-loop-lag.ts";

/** A clock whose one timer fires when the test says so. */
function createStallingClock() {
  let nowMs = 0;
  let pending: { atMs: number; callback: () => void } | null = null;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    schedule(delayMs, callback) {
      pending = { atMs: nowMs + delayMs, callback };
      return { cancel: () => (pending = null) };
    },
    sleep: () => Promise.reject(new Error("not used")),
  };
  return {
    clock,
    hasTimer: () => pending !== null,
    /** The loop runs its timer `lateMs` after it was due. */
    fire(lateMs: number) {
      const due = pending;
      if (!due) throw new Error("no timer waits");
      nowMs = due.atMs + lateMs;
      due.callback();
    },
    stall(ms: number) {
      nowMs += ms;
    },
  };
}

describe("event-loop lag", () => {
  test("is how late the newest timer ran", () => {
    const { clock, fire } = createStallingClock();
    const lag = startEventLoopLag(clock);
    fire(40);
    expect(lag.currentMs()).toBe(40);
    fire(2);
    expect(lag.currentMs()).toBe(2);
  });

  test("a stall in progress counts before its timer has run", () => {
    const { clock, stall } = createStallingClock();
    const lag = startEventLoopLag(clock);
    stall(350);
    expect(lag.currentMs()).toBe(250);
  });

  test("the greatest of the last ten samples is remembered", () => {
    const { clock, fire } = createStallingClock();
    const lag = startEventLoopLag(clock);
    fire(80);
    for (let sample = 0; sample < 9; sample++) fire(1);
    expect(lag.recentMaxMs()).toBe(80);
    fire(1);
    expect(lag.recentMaxMs()).toBe(1);
  });

  test("stopped, it holds no timer", () => {
    const { clock, hasTimer } = createStallingClock();
    startEventLoopLag(clock).stop();
    expect(hasTimer()).toBe(false);
  });
});
