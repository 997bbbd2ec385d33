/** Keeps the ranked list of a user for as long as the profile that it was made from. */

import type { Clock } from "../core/clock.ts";
import type { RankedList } from "./ranked-list.ts";

interface Kept {
  readonly k: number;
  readonly list: RankedList;
  readonly madeAtMs: number;
}

/** A profile that was read anew is another object: its lists are gone with the old one. */
export class RankedLists {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  #kept = new WeakMap<object, Kept>();

  /** `ttlMs` 0 keeps nothing. */
  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** `isStored`: only a list that knows what it was made from. */
  find(profile: object, k: number, isStored = false): RankedList | null {
    const kept = this.#kept.get(profile);
    if (kept === undefined || kept.k !== k || (isStored && !kept.list.basis)) return null;
    return this.#clock.monotonicMs() - kept.madeAtMs < this.#ttlMs ? kept.list : null;
  }

  clear(): void {
    this.#kept = new WeakMap();
  }

  keep(profile: object, k: number, list: RankedList): void {
    if (this.#ttlMs > 0) this.#kept.set(profile, { k, list, madeAtMs: this.#clock.monotonicMs() });
  }
}
