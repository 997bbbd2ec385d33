/** An index of new items with how new each of them is, which changes while the index stays. */

import { type NewItem, NewItemIndex } from "./new-item-index.ts";

/** An item with as many interactions is new no more. */
export const NEW_BELOW = 5;

export class NewItemLayer {
  readonly index: NewItemIndex;
  /** By entry: how much content says of the item, 1 to 0: the less the more interactions speak. */
  readonly novelty: Float32Array;

  constructor(items: readonly NewItem[], others: NewItemLayer | null = null) {
    this.index = new NewItemIndex(items, others?.index ?? null);
    this.novelty = new Float32Array(items.length);
    for (const { itemId, interactions } of items) this.note(itemId, interactions);
  }

  /** From `NEW_BELOW` interactions on the item is as if it were not in it. */
  note(itemId: string, interactions: number): void {
    const entry = this.index.entryOf(itemId);
    if (entry >= 0) this.novelty[entry] = Math.max(0, 1 - interactions / NEW_BELOW);
  }
}
