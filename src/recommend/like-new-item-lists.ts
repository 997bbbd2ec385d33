/** The new items of one layer that are like items of profiles: kept as lists, added up for one answer at a time. */

import type { CatalogCard } from "./catalog-cards.ts";
import { ItemTable } from "./item-table.ts";
import { itemTerms } from "./item-terms.ts";
import type { LikeNewItems } from "./new-item-index.ts";
import { NewItemLayer } from "./new-item-layer.ts";

/** Lists that are kept, by item of a profile; with more all are made anew. */
const MAX_LISTS = 20_000;
const NO_LIST: LikeNewItems = { entries: new Int32Array(0), likeness: new Float32Array(0) };
const UNKNOWN = -1;

interface Kept {
  /** The text that the list was made from; null where it was not known. */
  readonly card: CatalogCard | null;
  readonly list: LikeNewItems;
  /** Version of the catalogue in which the item still had this text. */
  version: number;
}

/** What the catalogue says of items, and a number that changes with it. */
export interface KnownCards {
  readonly version: number;
  /** Null for an item whose card is not in memory: it says nothing. */
  get(itemId: string): CatalogCard | null;
}

export class LikeNewItemLists {
  readonly #cards: KnownCards;
  readonly #lists = new Map<string, Kept>();
  #layer = new NewItemLayer([]);
  #table = new ItemTable();
  /** By entry: its slot in the table, or `UNKNOWN`. */
  #slots = new Int32Array(0);
  /** By entry: what was added for the answer. */
  #sums = new Float32Array(0);
  #touched = new Int32Array(0);
  #count = 0;

  constructor(cards: KnownCards) {
    this.#cards = cards;
  }

  /** What follows is about this layer, in the numbers of this table. */
  follow(layer: NewItemLayer, table: ItemTable): void {
    if (layer === this.#layer && table === this.#table) return;
    const { size } = layer.index;
    if (layer !== this.#layer) {
      this.#lists.clear();
      this.#sums = new Float32Array(size);
      this.#touched = new Int32Array(size);
    }
    this.#layer = layer;
    this.#table = table;
    this.#slots = new Int32Array(size).fill(UNKNOWN);
  }

  /** Adds `weight` times the likeness of each new item that is most like this one. */
  add(itemId: string, weight: number): void {
    const { entries, likeness } = this.#listOf(itemId);
    for (let place = 0; place < entries.length; place++) {
      const entry = entries[place] as number;
      const before = this.#sums[entry] as number;
      if (before === 0) this.#touched[this.#count++] = entry;
      this.#sums[entry] = before + weight * (likeness[place] as number);
    }
  }

  /** Moves what was added, times novelty, behind the first `from` of the columns; how many these then hold. */
  drain(slots: Int32Array, values: Float32Array, from: number): number {
    const { novelty } = this.#layer;
    let to = from;
    for (let place = 0; place < this.#count; place++) {
      const entry = this.#touched[place] as number;
      const value = (this.#sums[entry] as number) * (novelty[entry] as number);
      this.#sums[entry] = 0;
      if (value === 0) continue;
      slots[to] = this.#slotOf(entry);
      values[to++] = value;
    }
    this.#count = 0;
    return to;
  }

  /** Cards are looked at again only when some changed: each look-up is a walk through memory. */
  #listOf(itemId: string): LikeNewItems {
    const { version } = this.#cards;
    const kept = this.#lists.get(itemId);
    if (kept?.version === version) return kept.list;
    const card = this.#cards.get(itemId);
    if (kept && kept.card === card) {
      kept.version = version;
      return kept.list;
    }
    const list = card === null ? NO_LIST : this.#layer.index.likeTo(itemTerms(card));
    if (this.#lists.size >= MAX_LISTS) this.#lists.clear();
    this.#lists.set(itemId, { card, list, version });
    return list;
  }

  /** Only items that come to be candidates take room in the table. */
  #slotOf(entry: number): number {
    let slot = this.#slots[entry] as number;
    if (slot === UNKNOWN) {
      slot = this.#table.intern(this.#layer.index.itemIds[entry] as string);
      this.#slots[entry] = slot;
    }
    return slot;
  }
}
