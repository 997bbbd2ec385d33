/** Tries again what only failed because others were in the way. */

import { type Clock, systemClock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { MIN_START_MS } from "../../core/deadline.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { type Random, systemRandom } from "../../core/random.ts";

const MAX_RETRIES = 2;
const FIRST_DELAY_MS = 50;

/**
 * Runs `work`; after a statement timeout, lock timeout, deadlock or serialisation failure again, at most twice, with
 * full jitter (0..50, 0..100 ms) inside the deadline. Other failures pass, since their outcome may be unknown.
 */
export async function withContentionRetry<T>(
  deadline: Deadline,
  work: () => Promise<T>,
  source: { clock?: Clock; random?: Random } = {},
): Promise<T> {
  const { clock = systemClock, random = systemRandom } = source;
  for (let retry = 0; ; retry++) {
    try {
      return await work();
    } catch (error) {
      const contention = error instanceof StoreUnavailableError && error.reason === "contention";
      const delayMs = random.next() * FIRST_DELAY_MS * 2 ** retry;
      if (!contention || retry === MAX_RETRIES || deadline.remainingMs() < delayMs + MIN_START_MS)
        throw error;
      await clock.sleep(delayMs);
    }
  }
}
