/** Puts lists of neighbours together, item after item. */

import type { ItemLists } from "../recommend/item-lists.ts";
import { TopEntries } from "../recommend/top-entries.ts";
import { Growing } from "./growing.ts";

/** Neighbours that an item keeps in every trained source. */
export const LIST_LENGTH = 100;

export class ItemListsBuilder {
  readonly #top: TopEntries;
  readonly #starts = new Growing(Int32Array);
  readonly #items = new Growing(Int32Array);
  readonly #weights = new Growing(Float32Array);

  constructor(limit = LIST_LENGTH) {
    this.#top = new TopEntries(limit);
    this.#starts.push(0);
  }

  /** An entry of the current item's list; one that is not above 0 says nothing. */
  offer(item: number, weight: number): void {
    if (weight > 0 && weight > this.#top.threshold) this.#top.offer(item, weight);
  }

  /** The entries of what follows are those of the next item. */
  endList(): void {
    this.#top.drain((item, weight) => {
      const kept = Math.fround(weight);
      if (kept === 0) return;
      this.#items.push(item);
      this.#weights.push(kept);
    });
    this.#starts.push(this.#items.length);
  }

  build(): ItemLists {
    return { starts: this.#starts.take(), items: this.#items.take(), weights: this.#weights.take() };
  }
}
