/** Measures how late this realm's event loop runs its timers. */

import type { Clock, Timer } from "../core/clock.ts";

const INTERVAL_MS = 100;
/** A lag is remembered this long, so that a slow scrape still sees a short stall. */
const WINDOW_SAMPLES = 10;

export interface EventLoopLag {
  /** Lag of the newest sample in ms; a stall in progress counts as soon as anything runs. */
  currentMs(): number;
  /** Greatest lag of about the last second in ms. */
  recentMaxMs(): number;
  stop(): void;
}

export function startEventLoopLag(clock: Clock): EventLoopLag {
  const samples = new Float64Array(WINDOW_SAMPLES);
  let index = 0;
  let dueAtMs = 0;
  let timer: Timer;
  const overdueMs = () => Math.max(0, clock.monotonicMs() - dueAtMs);
  const schedule = () => {
    dueAtMs = clock.monotonicMs() + INTERVAL_MS;
    timer = clock.schedule(INTERVAL_MS, tick, { unref: true });
  };
  const tick = () => {
    index = (index + 1) % WINDOW_SAMPLES;
    samples[index] = overdueMs();
    schedule();
  };
  schedule();
  return {
    currentMs: () => Math.max(samples[index] ?? 0, overdueMs()),
    recentMaxMs: () => Math.max(...samples, overdueMs()),
    stop: () => timer.cancel(),
  };
}
