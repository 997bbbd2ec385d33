/** Keeps the ranked list of a user for as long as the profile that it was made from, and in bounded memory. */

import type { Clock } from "../core/clock.ts";
import type { RankedList } from "./ranked-list.ts";

/** In all lists together: about 50 bytes each. */
const MAX_ITEMS = 1_000_000;

/** What a list was made for; it is answered for nothing else. */
export interface MadeFor {
  /** Length of the slate. */
  readonly k: number;
  /** Length of the list, if there were enough items. */
  readonly rows: number;
  /** What ranked it and by which rules, where that may differ. */
  readonly by?: object;
}

interface Kept {
  readonly madeFor: MadeFor;
  readonly madeAtMs: number;
  /** Null once others took its room. */
  list: RankedList | null;
}

/** A profile that has changed is another object: its lists are gone with the old one. */
export class RankedLists {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #maxItems: number;
  #kept = new WeakMap<object, Kept>();
  /** Those that have a list, in the order in which they were kept. */
  readonly #inOrder = new Set<Kept>();
  #items = 0;

  /** `ttlMs` 0 keeps nothing. */
  constructor(clock: Clock, ttlMs: number, maxItems = MAX_ITEMS) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#maxItems = maxItems;
  }

  /** `isStored`: only a list that knows what it was made from. */
  find(profile: object, wanted: MadeFor, isStored = false): RankedList | null {
    const kept = this.#kept.get(profile);
    if (!kept?.list || !isSame(kept.madeFor, wanted) || (isStored && !kept.list.basis)) return null;
    return this.#clock.monotonicMs() - kept.madeAtMs < this.#ttlMs ? kept.list : null;
  }

  clear(): void {
    this.#kept = new WeakMap();
    this.#inOrder.clear();
    this.#items = 0;
  }

  keep(profile: object, madeFor: MadeFor, list: RankedList): void {
    if (this.#ttlMs === 0) return;
    const before = this.#kept.get(profile);
    if (before) this.#drop(before);
    const kept = { madeFor, list, madeAtMs: this.#clock.monotonicMs() };
    this.#kept.set(profile, kept);
    this.#inOrder.add(kept);
    this.#items += list.itemIds.length;
    for (const oldest of this.#inOrder) {
      if (this.#items <= this.#maxItems) break;
      this.#drop(oldest);
    }
  }

  #drop(kept: Kept): void {
    this.#items -= kept.list?.itemIds.length ?? 0;
    kept.list = null;
    this.#inOrder.delete(kept);
  }
}

const isSame = (one: MadeFor, other: MadeFor): boolean =>
  one.k === other.k && one.rows === other.rows && one.by === other.by;
