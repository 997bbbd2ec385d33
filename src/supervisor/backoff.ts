/** How long a failed child, or a failed operation, waits before the next attempt. */

import { exponentialDelay } from "../core/retry-delay.ts";
import type { Backoff } from "./actor.ts";

/**
 * Delay in ms before attempt `attempt` (0-based): `minMs` doubled for each attempt, at most `maxMs`, then moved by
 * up to ± `jitter` of itself. `roll` in [0, 1) places it: 0 is the shortest, 0.5 the middle.
 * Example: 200 ms to 10 s without jitter is 200, 400, 800, … 6400, 10000, 10000.
 */
export function restartDelayMs(
  attempt: number,
  backoff: Omit<Backoff, "resetAfterMs">,
  roll: number,
): number {
  const middleMs = exponentialDelay(attempt + 1, backoff.minMs, backoff.maxMs);
  return middleMs * (1 - backoff.jitter + 2 * backoff.jitter * roll);
}

/** The longest that `count` delays in a row can take, in ms. */
export function worstDelaysMs(count: number, backoff: Backoff): number {
  let totalMs = 0;
  for (let attempt = 0; attempt < count; attempt++) {
    totalMs += exponentialDelay(attempt + 1, backoff.minMs, backoff.maxMs) * (1 + backoff.jitter);
  }
  return totalMs;
}
