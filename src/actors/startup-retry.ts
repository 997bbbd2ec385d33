/** Tries a start-up step until it works, since what an actor needs may start later than the actor. */

import type { Clock } from "../core/clock.ts";
import { asError } from "../core/errors.ts";
import { FatalError } from "../supervisor/actor.ts";

export interface StartupRetry {
  /** 0 = for ever. */
  readonly maxRetries: number;
  readonly backoffMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onFailure: (error: Error, attempt: number) => void;
  /** Says that the wait is on purpose. */
  readonly progress: () => void;
}

const MAX_WAIT_MS = 30_000;
const PROGRESS_EVERY_MS = 1_000;

/** Answers null when `signal` was aborted first. Throws the last error when retries are used up, and FatalErrors at once. */
export async function retryStartup<T>(work: () => Promise<T>, options: StartupRetry): Promise<T | null> {
  for (let attempt = 1; !options.signal.aborted; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof FatalError) throw error;
      options.onFailure(asError(error), attempt);
      if (options.maxRetries > 0 && attempt >= options.maxRetries) throw error;
    }
    await wait(Math.min(options.backoffMs * attempt, MAX_WAIT_MS), options);
  }
  return null;
}

async function wait(delayMs: number, { clock, signal, progress }: StartupRetry): Promise<void> {
  for (let leftMs = delayMs; leftMs > 0 && !signal.aborted; leftMs -= PROGRESS_EVERY_MS) {
    progress();
    await clock.sleep(Math.min(leftMs, PROGRESS_EVERY_MS), signal);
  }
}
