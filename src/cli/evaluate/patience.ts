/** Asks again what a busy server refused or answered with less: a loaded machine must not change a figure. */

import { systemClock } from "../../core/clock.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";

const ATTEMPTS = 10;
const PAUSE_MS = 1_000;

/** Null from `attempt` is success; a text says why it was none. Throws CommandError with the last one. */
export async function patiently(signal: AbortSignal, attempt: () => Promise<string | null>): Promise<void> {
  let problem: string | null = null;
  for (let tried = 0; tried < ATTEMPTS; tried++) {
    signal.throwIfAborted();
    problem = await attempt();
    if (problem === null) return;
    await systemClock.sleep(PAUSE_MS, signal);
  }
  throw new CommandError(EXIT_FAILED, `asked ${ATTEMPTS} times: ${problem}`);
}
