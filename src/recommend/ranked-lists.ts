/** Keeps the ranked list of a user for as long as the profile that it was made from, and in bounded memory. */

import type { Clock } from "../core/clock.ts";
import type { RankedList } from "./ranked-list.ts";

/** In all lists together: about 50 bytes each. */
const MAX_ITEMS = 1_000_000;

interface Kept {
  readonly k: number;
  readonly rows: number;
  readonly length: number;
  readonly madeAtMs: number;
  /** Null once others took its room. */
  list: RankedList | null;
}

/** A profile that was read anew is another object: its lists are gone with the old one. */
export class RankedLists {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #maxItems: number;
  #kept = new WeakMap<object, Kept>();
  /** In the order in which they were kept. */
  #inOrder: Kept[] = [];
  #oldest = 0;
  #items = 0;

  /** `ttlMs` 0 keeps nothing. */
  constructor(clock: Clock, ttlMs: number, maxItems = MAX_ITEMS) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#maxItems = maxItems;
  }

  /**
   * The list of `rows` items, or of as many as there are, that was kept for slates of `k`. `isStored`: only one that knows
   * what it was made from.
   */
  find(profile: object, k: number, rows: number, isStored = false): RankedList | null {
    const kept = this.#kept.get(profile);
    if (!kept?.list || kept.k !== k || kept.rows !== rows || (isStored && !kept.list.basis)) return null;
    return this.#clock.monotonicMs() - kept.madeAtMs < this.#ttlMs ? kept.list : null;
  }

  clear(): void {
    this.#kept = new WeakMap();
    this.#inOrder = [];
    this.#oldest = 0;
    this.#items = 0;
  }

  keep(profile: object, k: number, rows: number, list: RankedList): void {
    if (this.#ttlMs === 0) return;
    const { length } = list.itemIds;
    const kept = { k, rows, length, list, madeAtMs: this.#clock.monotonicMs() };
    this.#kept.set(profile, kept);
    this.#inOrder.push(kept);
    this.#items += length;
    while (this.#items > this.#maxItems) this.#dropOldest();
  }

  #dropOldest(): void {
    const kept = this.#inOrder[this.#oldest] as Kept;
    kept.list = null;
    this.#items -= kept.length;
    this.#oldest++;
    if (2 * this.#oldest < this.#inOrder.length) return;
    this.#inOrder = this.#inOrder.slice(this.#oldest);
    this.#oldest = 0;
  }
}
