/** How long to wait before an operation is tried again. */

import type { Random } from "./random.ts";

/** `base` doubled for each attempt after the first, at most `max`: 1, 2, 4, 8 ... in the unit of `base`. */
export function exponentialDelay(attempt: number, base: number, max: number): number {
  return Math.min(base * 2 ** Math.min(attempt - 1, 40), max);
}

/** A delay in ms between `minMs` and the exponential delay of `attempt` (1-based): "full jitter" above a floor. */
export function fullJitterMs(attempt: number, minMs: number, maxMs: number, random: Random): number {
  const ceilingMs = exponentialDelay(attempt, minMs * 2, maxMs);
  return minMs + random.next() * (ceilingMs - minMs);
}

/** `ms`, up to the `share` of it more or less. */
export const jittered = (ms: number, share: number, random: Random) =>
  ms * (1 - share + 2 * share * random.next());
