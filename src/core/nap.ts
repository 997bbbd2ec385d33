/** A sleep that a hint may end early. */

import type { Clock } from "./clock.ts";

/**
 * One sleeper, any number of wakers. A `wake` that finds nobody asleep makes the next sleep return at once,
 * so a hint that comes between "nothing to do" and the sleep is not lost.
 */
export class Nap {
  readonly #clock: Clock;
  #sleeper: AbortController | null = null;
  #woken = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#woken = true;
    this.#sleeper?.abort();
  }

  /** Resolves after `delayMs`, or at the next `wake`. */
  async sleep(delayMs: number): Promise<void> {
    if (!this.#woken) {
      this.#sleeper = new AbortController();
      await this.#clock.sleep(delayMs, this.#sleeper.signal);
      this.#sleeper = null;
    }
    this.#woken = false;
  }
}
