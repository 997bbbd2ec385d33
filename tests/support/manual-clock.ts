/** A clock that stands still until a test moves it. */

import type { Clock, Timer } from "../../src/core/clock.ts";

export interface ManualClock extends Clock {
  /** Moves both times by `ms`, running the timers due on the way in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  pendingTimers(): number;
}

/** Lets everything that is ready in the microtask queue run, chains of promises included. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let elapsedMs = 0;
  const timers = new Map<Timer, { atMs: number; callback: () => void }>();
  const schedule: Clock["schedule"] = (delayMs, callback) => {
    const timer: Timer = { cancel: () => void timers.delete(timer) };
    timers.set(timer, { atMs: elapsedMs + delayMs, callback });
    return timer;
  };
  const nextDue = (untilMs: number) =>
    [...timers].filter(([, { atMs }]) => atMs <= untilMs).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    schedule,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        const timer = schedule(delayMs, resolve);
        signal?.addEventListener("abort", () => {
          timer.cancel();
          resolve();
        });
      }),
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await settled();
      for (let due = nextDue(untilMs); due; due = nextDue(untilMs)) {
        const [timer, { atMs, callback }] = due;
        timers.delete(timer);
        elapsedMs = Math.max(elapsedMs, atMs);
        callback();
        await settled();
      }
      elapsedMs = untilMs;
      await settled();
    },
    pendingTimers: () => timers.size,
  };
}
