/** Asks again and again until the answer is right or time is up. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { Result } from "../../core/result.ts";

export interface PollOptions {
  readonly withinMs: number;
  readonly everyMs: number;
  readonly clock: Clock;
}

/** The first success, or the last failure. No attempt starts after `withinMs`; each bounds itself, and one is always made. */
export async function poll<T>(
  attempt: () => Promise<Result<T, string>>,
  { withinMs, everyMs, clock }: PollOptions,
): Promise<Result<T, string>> {
  const deadline = Deadline.after(withinMs, clock);
  while (true) {
    const outcome = await attempt();
    if (outcome.ok || deadline.expired) return outcome;
    await clock.sleep(Math.min(everyMs, deadline.remainingMs()));
    if (deadline.expired) return outcome;
  }
}
