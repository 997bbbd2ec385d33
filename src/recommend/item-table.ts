/** Numbers item ids, so that scoring works on typed arrays instead of strings. */

/**
 * Append only: an id keeps its slot for the table's life.
 * The owner starts a new table when this one has grown too large.
 */
export class ItemTable {
  readonly #slots = new Map<string, number>();
  readonly #names: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  /** The id's slot, made when the id is new. */
  intern(itemId: string): number {
    const known = this.#slots.get(itemId);
    if (known !== undefined) return known;
    const slot = this.#names.length;
    this.#slots.set(itemId, slot);
    this.#names.push(itemId);
    return slot;
  }

  /** The id's slot, or -1 when the table has never seen it. */
  slotOf(itemId: string): number {
    return this.#slots.get(itemId) ?? -1;
  }

  nameOf(slot: number): string {
    const name = this.#names[slot];
    if (name === undefined) throw new RangeError(`no item has slot ${slot}`);
    return name;
  }
}
