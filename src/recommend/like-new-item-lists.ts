/** The new items of one layer that are like items of profiles: kept as lists, added up for one answer at a time. */

import type { CatalogCard } from "./catalog-cards.ts";
import { ItemTable } from "./item-table.ts";
import { itemTerms } from "./item-terms.ts";
import { KeptLists } from "./kept-lists.ts";
import { type LikeNewItems, NOTHING_LIKE } from "./new-item-index.ts";
import { NewItemLayer } from "./new-item-layer.ts";

const UNKNOWN = -1;

/** What the catalogue says of items, and a number that changes with it. */
export interface KnownCards {
  readonly version: number;
  /** Null for an item whose card is not in memory: it says nothing. */
  get(itemId: string): CatalogCard | null;
}

export class LikeNewItemLists {
  readonly #cards: KnownCards;
  /** By slot of the item, with the text that each was made from; null where it was not known. */
  readonly #lists = new KeptLists<CatalogCard | null>();
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
    this.#lists.clear();
    if (layer !== this.#layer) {
      this.#sums = new Float32Array(size);
      this.#touched = new Int32Array(size);
    }
    this.#layer = layer;
    this.#table = table;
    this.#slots = new Int32Array(size).fill(UNKNOWN);
  }

  /** Adds `weight` times the likeness of each new item that is most like this one. */
  add(itemId: string, weight: number): void {
    const slot = this.#table.slotOf(itemId);
    // Callers name items at will, so that what the table has not met is not kept.
    if (slot < 0) {
      this.#addList(this.#make(this.#cards.get(itemId)), weight);
      return;
    }
    const place = this.#placeOf(itemId, slot);
    const length = this.#lists.lengthOf(place);
    for (let at = 0; at < length; at++) {
      this.#add(this.#lists.entryAt(place, at), weight * this.#lists.weightAt(place, at));
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

  #addList({ entries, likeness }: LikeNewItems, weight: number): void {
    for (let at = 0; at < entries.length; at++) {
      this.#add(entries[at] as number, weight * (likeness[at] as number));
    }
  }

  #add(entry: number, value: number): void {
    const before = this.#sums[entry] as number;
    if (before === 0) this.#touched[this.#count++] = entry;
    this.#sums[entry] = before + value;
  }

  /** Cards are looked at again only when some changed: each look-up is a walk through memory. */
  #placeOf(itemId: string, slot: number): number {
    const { version } = this.#cards;
    const place = this.#lists.find(slot);
    if (place >= 0 && this.#lists.versionOf(place) === version) return place;
    const card = this.#cards.get(itemId);
    if (place >= 0 && this.#lists.markOf(place) === card) {
      this.#lists.setVersion(place, version);
      return place;
    }
    const { entries, likeness } = this.#make(card);
    const made = this.#lists.keep(slot, entries, likeness, card);
    this.#lists.setVersion(made, version);
    return made;
  }

  #make(card: CatalogCard | null): LikeNewItems {
    return card === null ? NOTHING_LIKE : this.#layer.index.likeTo(itemTerms(card));
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
