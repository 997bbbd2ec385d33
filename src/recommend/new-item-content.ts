/** Content as a live source: what the newest items of a profile say of items that are new in the catalogue. */

import type { CatalogCard } from "./catalog-cards.ts";
import type { ItemTable } from "./item-table.ts";
import { LikeNewItemLists } from "./like-new-item-lists.ts";
import { MAX_NEW_CANDIDATES, type NewItemScores } from "./new-item-scores.ts";
import type { NewItems } from "./new-items.ts";
import { AGE_FACTOR, PROFILE_DEPTH } from "./stream-v1.ts";

export class NewItemContent {
  readonly #newItems: NewItems;
  readonly #cardOf: (itemId: string) => CatalogCard | null;
  readonly #layers: readonly LikeNewItemLists[] = [new LikeNewItemLists(), new LikeNewItemLists()];
  readonly #slots = new Int32Array(MAX_NEW_CANDIDATES);
  readonly #values = new Float32Array(MAX_NEW_CANDIDATES);

  /** `cardOf` answers null for an item whose card is not in memory: it says nothing. */
  constructor(newItems: NewItems, cardOf: (itemId: string) => CatalogCard | null) {
    this.#newItems = newItems;
    this.#cardOf = cardOf;
  }

  /**
   * s(y) = (1 - interactions of y / 5) * sum over the newest five items x_j of .7^j cos(x_j, y), of the items y that are most
   * like each x_j. `newest` holds distinct items, newest first. Names new items in `table`.
   */
  scores(newest: readonly string[], table: ItemTable): NewItemScores {
    let count = 0;
    for (const [at, layer] of this.#newItems.layers.entries()) {
      const lists = this.#layers[at] as LikeNewItemLists;
      lists.follow(layer, table);
      if (layer.index.size === 0) continue;
      let ageWeight = 1;
      for (let place = 0; place < newest.length && place < PROFILE_DEPTH; place++) {
        const itemId = newest[place] as string;
        const card = this.#cardOf(itemId);
        if (card) lists.add(itemId, card, ageWeight);
        ageWeight *= AGE_FACTOR;
      }
      count = lists.drain(this.#slots, this.#values, count);
    }
    return { count, slots: this.#slots, values: this.#values };
  }
}
