/** The most popular items in order, with the rank of each. */

import type { ItemTable } from "./item-table.ts";
import type { ScoredItem } from "./ports.ts";

/** The popularity list of the largest answer: max(5 * limit, 500) where limit is 20 * 200. */
export const POPULARITY_CAPACITY = 20_000;

const UNRANKED = -1;

/** Ordered by score, highest first; equal scores by item id. Changed in place, so never held across an await. */
export class PopularityIndex {
  readonly table: ItemTable;
  readonly #capacity: number;
  #slots: Int32Array;
  #scores: Float64Array;
  #size = 0;
  #version = 0;
  /** By slot; slots beyond its end are unranked. */
  #ranks = new Int32Array(0);

  constructor(table: ItemTable, capacity = POPULARITY_CAPACITY) {
    this.table = table;
    this.#capacity = capacity;
    this.#slots = new Int32Array(capacity);
    this.#scores = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Another number after each change. */
  get version(): number {
    return this.#version;
  }

  slotAt(rank: number): number {
    return this.#slots[rank] as number;
  }

  scoreAt(rank: number): number {
    return this.#scores[rank] as number;
  }

  /** Place of the item from 0, or -1 when it is not among the most popular. */
  rankOf(slot: number): number {
    return this.#ranks[slot] ?? UNRANKED;
  }

  /** The first `count` items. */
  top(count: number): ScoredItem[] {
    return Array.from({ length: Math.min(count, this.#size) }, (_, rank) => ({
      itemId: this.table.nameOf(this.slotAt(rank)),
      score: this.scoreAt(rank),
    }));
  }

  /** Holds these items and no others. */
  replace(items: readonly ScoredItem[]): void {
    const ordered = isOrdered(items) ? items : items.toSorted(compareItems);
    this.#forgetRanks();
    this.#size = Math.min(ordered.length, this.#capacity);
    for (let rank = 0; rank < this.#size; rank++) {
      const item = ordered[rank] as ScoredItem;
      this.#slots[rank] = this.table.intern(item.itemId);
      this.#scores[rank] = item.score;
    }
    this.#noteRanks();
  }

  /** Moves each asked item to where its new score belongs; an asked item without a score leaves. */
  update(askedIds: readonly string[], scores: readonly ScoredItem[]): void {
    const moved = new Set(askedIds.map((itemId) => this.table.intern(itemId)));
    const incoming = scores.toSorted(compareItems);
    const slots = new Int32Array(this.#capacity);
    const values = new Float64Array(this.#capacity);
    let size = 0;
    let next = 0;
    const push = (slot: number, score: number) => {
      if (size === this.#capacity) return;
      slots[size] = slot;
      values[size++] = score;
    };
    const pushIncoming = (item: ScoredItem) => push(this.table.intern(item.itemId), item.score);
    for (let rank = 0; rank < this.#size; rank++) {
      const slot = this.slotAt(rank);
      if (moved.has(slot)) continue;
      const kept = { itemId: this.table.nameOf(slot), score: this.scoreAt(rank) };
      for (let item = incoming[next]; item && compareItems(item, kept) < 0; item = incoming[++next]) {
        pushIncoming(item);
      }
      push(slot, kept.score);
    }
    for (const item of incoming.slice(next)) pushIncoming(item);
    this.#forgetRanks();
    this.#slots = slots;
    this.#scores = values;
    this.#size = size;
    this.#noteRanks();
  }

  #forgetRanks(): void {
    for (let rank = 0; rank < this.#size; rank++) this.#ranks[this.slotAt(rank)] = UNRANKED;
  }

  #noteRanks(): void {
    this.#version++;
    if (this.#ranks.length < this.table.size) {
      // Grows by doubling: the table also holds the tail that only related lists name.
      const grown = new Int32Array(this.table.size * 2).fill(UNRANKED);
      grown.set(this.#ranks);
      this.#ranks = grown;
    }
    for (let rank = 0; rank < this.#size; rank++) this.#ranks[this.slotAt(rank)] = rank;
  }
}

function compareItems(a: ScoredItem, b: ScoredItem): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.itemId === b.itemId) return 0;
  return a.itemId < b.itemId ? -1 : 1;
}

/** The store hands its list over in order, so that sorting 20,000 strings again is rarely needed. */
function isOrdered(items: readonly ScoredItem[]): boolean {
  return items.every((item, index) => index === 0 || compareItems(items[index - 1] as ScoredItem, item) <= 0);
}
