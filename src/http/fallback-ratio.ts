/** Holds the share of fallback answers among those of the last five minutes. */

import type { Clock } from "../core/clock.ts";

const SLOT_MS = 10_000;
const SLOTS = 30;

export class FallbackRatio {
  readonly #clock: Clock;
  readonly #answers = new Uint32Array(SLOTS);
  readonly #fallbacks = new Uint32Array(SLOTS);
  /** Number of the current slot since the clock's origin. */
  #slot = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one answer; gives the share in [0, 1] with it. */
  add(isFallback: boolean): number {
    this.#advance();
    const at = this.#slot % SLOTS;
    this.#answers[at] = (this.#answers[at] ?? 0) + 1;
    if (isFallback) this.#fallbacks[at] = (this.#fallbacks[at] ?? 0) + 1;
    return sum(this.#fallbacks) / sum(this.#answers);
  }

  #advance(): void {
    const slot = Math.floor(this.#clock.monotonicMs() / SLOT_MS);
    for (let old = Math.max(this.#slot + 1, slot - SLOTS + 1); old <= slot; old++) {
      this.#answers[old % SLOTS] = 0;
      this.#fallbacks[old % SLOTS] = 0;
    }
    this.#slot = Math.max(slot, this.#slot);
  }
}

function sum(values: Uint32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
