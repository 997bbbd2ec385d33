/** Lets one probe round through per delay while the event log is out of reach. */

import type { Random } from "../core/random.ts";
import { fullJitterMs } from "../core/retry-delay.ts";

const MIN_DELAY_MS = 500;
/** Bounds how long a returned log goes unnoticed. */
const MAX_DELAY_MS = 10_000;

/** closed -> (a round in which nothing came through) -> open until a time -> probing -> closed or open again. */
export class RelayBreaker {
  readonly #random: Random;
  #failures = 0;
  #openUntilMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Reports a round that sent something; answers the transition it caused, if any. */
  record(logDown: boolean, nowMs: number): "open" | "closed" | null {
    const wasOpen = this.isOpen;
    this.#failures = logDown ? this.#failures + 1 : 0;
    this.#openUntilMs = logDown
      ? nowMs + fullJitterMs(this.#failures, MIN_DELAY_MS, MAX_DELAY_MS, this.#random)
      : 0;
    if (wasOpen === logDown) return null;
    return logDown ? "open" : "closed";
  }

  /** True from the first failure to the first success: rounds are probes. */
  get isOpen(): boolean {
    return this.#failures > 0;
  }

  /** Time until the next round may run. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#openUntilMs - nowMs);
  }
}
