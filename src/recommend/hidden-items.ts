/** The catalogue items that no answer may show, in the numbers of any item table. */

import type { ItemTable } from "./item-table.ts";

/** Which slots of one table are hidden. */
export interface HiddenSlots {
  has(slot: number): boolean;
}

export const NOTHING_HIDDEN: HiddenSlots = { has: () => false };

export class HiddenItems {
  #ids: ReadonlySet<string> = new Set();
  #byTable = new WeakMap<ItemTable, TableBits>();

  get size(): number {
    return this.#ids.size;
  }

  has(itemId: string): boolean {
    return this.#ids.has(itemId);
  }

  /** True when that made a difference. */
  replace(itemIds: ReadonlySet<string>): boolean {
    const known = this.#ids;
    if (known.size === itemIds.size && [...itemIds].every((itemId) => known.has(itemId))) return false;
    this.#ids = itemIds;
    this.#byTable = new WeakMap();
    return true;
  }

  /** As of now; to be asked for anew by each answer. */
  inTable(table: ItemTable): HiddenSlots {
    if (this.#ids.size === 0) return NOTHING_HIDDEN;
    let bits = this.#byTable.get(table);
    if (bits === undefined) {
      bits = new TableBits(table, this.#ids);
      this.#byTable.set(table, bits);
    }
    return bits;
  }
}

/** One byte a slot. Items that the table meets later are looked up when they are asked for. */
class TableBits implements HiddenSlots {
  readonly #table: ItemTable;
  readonly #ids: ReadonlySet<string>;
  readonly #bits: Uint8Array;

  constructor(table: ItemTable, ids: ReadonlySet<string>) {
    this.#table = table;
    this.#ids = ids;
    this.#bits = new Uint8Array(table.size);
    for (const itemId of ids) {
      const slot = table.slotOf(itemId);
      if (slot >= 0) this.#bits[slot] = 1;
    }
  }

  has(slot: number): boolean {
    if (slot < this.#bits.length) return this.#bits[slot] === 1;
    return this.#ids.has(this.#table.nameOf(slot));
  }
}
