/** Content as a live source: what the newest items of a profile say of items that are new in the catalogue. */

import type { ItemTable } from "./item-table.ts";
import { type KnownCards, LikeNewItemLists } from "./like-new-item-lists.ts";
import type { NewItemLayer } from "./new-item-layer.ts";
import { MAX_NEW_CANDIDATES, type NewItemScores } from "./new-item-scores.ts";
import type { NewItems } from "./new-items.ts";
import { AGE_FACTOR, PROFILE_DEPTH } from "./stream-v1.ts";

export class NewItemContent {
  readonly #newItems: NewItems;
  readonly #base: LikeNewItemLists;
  readonly #fresh: LikeNewItemLists;
  readonly #slots = new Int32Array(MAX_NEW_CANDIDATES);
  readonly #values = new Float32Array(MAX_NEW_CANDIDATES);

  constructor(newItems: NewItems, cards: KnownCards) {
    this.#newItems = newItems;
    this.#base = new LikeNewItemLists(cards);
    this.#fresh = new LikeNewItemLists(cards);
  }

  /**
   * s(y) = (1 - interactions of y / 5) * sum over the newest five items x_j of .7^j cos(x_j, y), of the items y that are most
   * like each x_j. `newest` holds distinct items, newest first. Names new items in `table`.
   */
  scores(newest: readonly string[], table: ItemTable): NewItemScores {
    const [base, fresh] = this.#newItems.layers;
    this.#base.follow(base, table);
    this.#fresh.follow(fresh, table);
    let count = this.#addUp(this.#base, base, newest, 0);
    count = this.#addUp(this.#fresh, fresh, newest, count);
    return { count, slots: this.#slots, values: this.#values };
  }

  #addUp(lists: LikeNewItemLists, { index }: NewItemLayer, newest: readonly string[], from: number): number {
    if (index.size === 0) return from;
    let ageWeight = 1;
    for (let place = 0; place < newest.length && place < PROFILE_DEPTH; place++) {
      lists.add(newest[place] as string, ageWeight);
      ageWeight *= AGE_FACTOR;
    }
    return lists.drain(this.#slots, this.#values, from);
  }
}
