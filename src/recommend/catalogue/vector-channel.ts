/** The vector channel: items whose vectors point where the item's own one does, where a run gave items vectors (iALS). */

import { FactorSearch } from "../factor-search.ts";
import { FACTORS } from "../item-factors.ts";
import { type Hits, NO_HITS, type NumberedModel } from "./hits.ts";

/** Items that are found at most. */
const FOUND = 200;

/** Working memory of one search at a time. */
export class VectorChannel {
  readonly #search = new FactorSearch(FOUND);
  readonly #own = new Float64Array(FACTORS);

  /**
   * The cosine of the two vectors, where above 0, for those with the largest products with the item's vector. Null for an item without
   * a vector: the run has none, or learned none of it.
   */
  hits({ model, numbers }: NumberedModel, itemId: string): Hits | null {
    const { factors, itemIds } = model;
    const number = numbers.get(itemId);
    if (factors === undefined || number === undefined) return null;
    const { vectors, places } = factors;
    const startOf = (item: number) => (places[item] as number) * FACTORS;
    const own = this.#own;
    for (let k = 0; k < FACTORS; k++) own[k] = vectors[startOf(number) + k] as number;
    const length = lengthOf(own, 0);
    if (length === 0) return null;
    const hits = new Map<string, number>();
    const isOther = (item: number) => item !== number;
    this.#search.best(factors, own, isOther, (item, product) => {
      hits.set(itemIds[item] as string, product / (length * lengthOf(vectors, startOf(item))));
    });
    return hits.size > 0 ? hits : NO_HITS;
  }
}

function lengthOf(vectors: Float32Array | Float64Array, at: number): number {
  let square = 0;
  for (let k = at; k < at + FACTORS; k++) square += (vectors[k] as number) ** 2;
  return Math.sqrt(square);
}
