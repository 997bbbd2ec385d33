/**
 * Finds the items whose vectors have the largest products with a user's, in an inverted file (IVF): cells are read in which large
 * products are to be expected, and no others.
 */

import { nthLargest } from "./bounded-select.ts";
import { FACTORS, type ItemFactors } from "./item-factors.ts";
import { TopEntries } from "./top-entries.ts";

/** Standard deviations above its mean at which a cell's best items are expected. */
const BEST_DEVIATIONS = 2;

/** Of two vectors of which the second begins at `at` of `vectors`. */
export function product(vector: Float64Array, vectors: Float32Array, at: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0; k < FACTORS; k += 4) {
    s0 += (vector[k] as number) * (vectors[at + k] as number);
    s1 += (vector[k + 1] as number) * (vectors[at + k + 1] as number);
    s2 += (vector[k + 2] as number) * (vectors[at + k + 2] as number);
    s3 += (vector[k + 3] as number) * (vectors[at + k + 3] as number);
  }
  return s0 + s1 + s2 + s3;
}

/** What the best items of each cell may be expected to give: the mean of the cell, and some of its spread. */
export function rateCells(
  { centroids, spreads }: ItemFactors,
  vector: Float64Array,
  into: Float64Array,
): void {
  let square = 0;
  for (let k = 0; k < FACTORS; k++) square += (vector[k] as number) ** 2;
  const reach = BEST_DEVIATIONS * Math.sqrt(square);
  for (let cell = 0; cell < spreads.length; cell++)
    into[cell] = product(vector, centroids, cell * FACTORS) + reach * (spreads[cell] as number);
}

/** Working memory of one search at a time. */
export class FactorSearch {
  readonly #top: TopEntries;
  #nearness = new Float64Array(0);
  #sorted = new Float64Array(0);

  constructor(limit: number) {
    this.#top = new TopEntries(limit);
  }

  /** Hands over the items with the largest products above 0 that `accepts` lets through, the largest first. */
  best(
    factors: ItemFactors,
    vector: Float64Array,
    accepts: (item: number) => boolean,
    use: (item: number, value: number) => void,
  ): void {
    const { cellStarts, probes } = factors;
    const cells = cellStarts.length - 1;
    if (this.#nearness.length < cells) {
      this.#nearness = new Float64Array(cells);
      this.#sorted = new Float64Array(cells);
    }
    const least = probes < cells ? this.#nearestCells(factors, vector, cells) : 0;
    for (let cell = 0; cell < cells; cell++) {
      if (probes < cells && (this.#nearness[cell] as number) < least) continue;
      this.#readCell(factors, vector, accepts, cellStarts[cell] as number, cellStarts[cell + 1] as number);
    }
    this.#top.drain(use);
  }

  /** How near a cell must be to be read. */
  #nearestCells(factors: ItemFactors, vector: Float64Array, cells: number): number {
    const { probes } = factors;
    const nearness = this.#nearness;
    rateCells(factors, vector, nearness);
    this.#sorted.set(nearness.subarray(0, cells));
    return nthLargest(this.#sorted, cells, probes);
  }

  #readCell(
    { vectors, items }: ItemFactors,
    vector: Float64Array,
    accepts: (item: number) => boolean,
    from: number,
    to: number,
  ): void {
    const top = this.#top;
    let least = Math.max(0, top.threshold);
    for (let place = from; place < to; place++) {
      const value = product(vector, vectors, place * FACTORS);
      if (value <= least || !accepts(items[place] as number)) continue;
      top.offer(items[place] as number, value);
      least = Math.max(0, top.threshold);
    }
  }
}
