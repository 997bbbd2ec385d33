/**
 * Cards by the numbers of one item table. An answer of a trained policy asks for hundreds, and each name is several walks to
 * far memory: its text, the bucket, and the text of the key.
 */

import type { CatalogCard } from "./catalog-cards.ts";
import type { ItemTable } from "./item-table.ts";

export class PlacedCards {
  readonly table: ItemTable;
  readonly #held: ReadonlyMap<string, CatalogCard>;
  /** By slot; undefined where nobody asked yet, or none is held. */
  readonly #cards: (CatalogCard | undefined)[];

  constructor(table: ItemTable, held: ReadonlyMap<string, CatalogCard>) {
    this.table = table;
    this.#held = held;
    this.#cards = Array.from({ length: table.size }, () => undefined);
  }

  /** Undefined where none is held. */
  at(slot: number): CatalogCard | undefined {
    return this.#cards[slot] ?? this.#find(slot);
  }

  /** A card that is held from now on. */
  put(card: CatalogCard): void {
    const slot = this.table.slotOf(card.item_id);
    if (slot >= 0) this.#place(slot, card);
  }

  #find(slot: number): CatalogCard | undefined {
    const card = this.#held.get(this.table.nameOf(slot));
    if (card) this.#place(slot, card);
    return card;
  }

  #place(slot: number, card: CatalogCard): void {
    while (this.#cards.length < slot) this.#cards.push(undefined);
    this.#cards[slot] = card;
  }
}
