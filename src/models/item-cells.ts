/** Lays the vectors of items out in cells of likeness (k-means), and measures how many cells a search has to read. */

import { seededRandom } from "../core/random.ts";
import { nthLargest } from "../recommend/bounded-select.ts";
import { product, rateCells } from "../recommend/factor-search.ts";
import { FACTORS, type ItemFactors } from "../recommend/item-factors.ts";
import type { Factorised } from "./ials.ts";

/** Up to this many items a search reads them all: in a tenth of a millisecond, and exactly. */
export const INDEX_ABOVE_ITEMS = 2_000;
/** Cells for the square root of the number of items. */
const CELLS_FACTOR = 3;
const ROUNDS = 5;
/** Items a cell that its centroid is learned from. */
const SAMPLE_PER_CELL = 20;
/** Users that are asked for to see how many cells have to be read. */
const ASKED_USERS = 200;
/** Of the items that an exact search finds: more than is promised, since other users will come. */
const WANTED_RECALL = 0.97;
/** The best that are wanted of every search. */
const WANTED = 200;
const SEED = 200;

export interface IndexedFactors {
  readonly factors: ItemFactors;
  /** Share of the best 200 that searches for users of the training found; null where they read everything. */
  readonly recall: number | null;
}

export function indexFactors(learned: Factorised, aboveItems = INDEX_ABOVE_ITEMS): IndexedFactors {
  const { items, ground, users } = learned;
  const count = items.length / FACTORS;
  if (count <= aboveItems) return { factors: laidOut(items, new Int32Array(count), 1, ground), recall: null };
  const cells = Math.round(CELLS_FACTOR * Math.sqrt(count));
  const cellOf = nearestCentroids(items, learnCentroids(items, cells));
  const factors = laidOut(items, cellOf, cells, ground);
  const { probes, recall } = measureProbes(factors, users);
  return { factors: { ...factors, probes }, recall };
}

/** One item after the other by cell, then by number. */
function laidOut(
  vectors: Float32Array,
  cellOf: Int32Array,
  cells: number,
  ground: Factorised["ground"],
): ItemFactors {
  const count = cellOf.length;
  const cellStarts = new Int32Array(cells + 1);
  for (const cell of cellOf) cellStarts[cell + 1] = (cellStarts[cell + 1] as number) + 1;
  for (let cell = 0; cell < cells; cell++)
    cellStarts[cell + 1] = (cellStarts[cell + 1] as number) + (cellStarts[cell] as number);
  const next = cellStarts.slice();
  const items = new Int32Array(count);
  const places = new Int32Array(count);
  const laid = new Float32Array(vectors.length);
  const centroids = new Float32Array(cells * FACTORS);
  for (let item = 0; item < count; item++) {
    const cell = cellOf[item] as number;
    const place = next[cell] as number;
    next[cell] = place + 1;
    items[place] = item;
    places[item] = place;
    laid.set(vectors.subarray(item * FACTORS, (item + 1) * FACTORS), place * FACTORS);
    const size = (cellStarts[cell + 1] as number) - (cellStarts[cell] as number);
    for (let k = 0; k < FACTORS; k++) {
      const at = cell * FACTORS + k;
      centroids[at] = (centroids[at] as number) + (vectors[item * FACTORS + k] as number) / size;
    }
  }
  const spreads = spreadsOf(laid, cellStarts, centroids);
  return { vectors: laid, items, places, cellStarts, centroids, spreads, probes: cells, ...ground };
}

function spreadsOf(vectors: Float32Array, cellStarts: Int32Array, centroids: Float32Array): Float32Array {
  const spreads = new Float32Array(cellStarts.length - 1);
  for (let cell = 0; cell < spreads.length; cell++) {
    const [from, to] = [cellStarts[cell] as number, cellStarts[cell + 1] as number];
    let sum = 0;
    for (let at = from * FACTORS; at < to * FACTORS; at++)
      sum += ((vectors[at] as number) - (centroids[cell * FACTORS + (at % FACTORS)] as number)) ** 2;
    spreads[cell] = to > from ? Math.sqrt(sum / ((to - from) * FACTORS)) : 0;
  }
  return spreads;
}

/** Lloyd's algorithm on a sample, from items drawn at random. */
function learnCentroids(vectors: Float32Array, cells: number): Float32Array {
  const sample = sampleOf(vectors, cells * SAMPLE_PER_CELL);
  const size = sample.length / FACTORS;
  const centroids = new Float32Array(cells * FACTORS);
  for (let cell = 0; cell < cells; cell++) {
    const from = Math.floor((cell * size) / cells) * FACTORS;
    centroids.set(sample.subarray(from, from + FACTORS), cell * FACTORS);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const cellOf = nearestCentroids(sample, centroids);
    const sums = new Float64Array(cells * FACTORS);
    const sizes = new Int32Array(cells);
    for (let row = 0; row < size; row++) {
      const cell = cellOf[row] as number;
      sizes[cell] = (sizes[cell] as number) + 1;
      for (let k = 0; k < FACTORS; k++) {
        const at = cell * FACTORS + k;
        sums[at] = (sums[at] as number) + (sample[row * FACTORS + k] as number);
      }
    }
    for (let at = 0; at < sums.length; at++) {
      const inCell = sizes[Math.floor(at / FACTORS)] as number;
      if (inCell > 0) centroids[at] = (sums[at] as number) / inCell;
    }
  }
  return centroids;
}

/** In the order in which they are drawn. */
function sampleOf(vectors: Float32Array, wanted: number): Float32Array {
  const count = vectors.length / FACTORS;
  const random = seededRandom(SEED);
  const order = Int32Array.from({ length: count }, (_, item) => item);
  const size = Math.min(count, wanted);
  const sample = new Float32Array(size * FACTORS);
  for (let row = 0; row < size; row++) {
    const other = row + Math.floor(random.next() * (count - row));
    const item = order[other] as number;
    order[other] = order[row] as number;
    order[row] = item;
    sample.set(vectors.subarray(item * FACTORS, (item + 1) * FACTORS), row * FACTORS);
  }
  return sample;
}

/** By Euclidean distance; of equally near ones the first. */
function nearestCentroids(vectors: Float32Array, centroids: Float32Array): Int32Array {
  const cells = centroids.length / FACTORS;
  const halves = new Float64Array(cells);
  const vector = new Float64Array(FACTORS);
  for (let cell = 0; cell < cells; cell++) {
    vector.set(centroids.subarray(cell * FACTORS, (cell + 1) * FACTORS));
    halves[cell] = product(vector, centroids, cell * FACTORS) / 2;
  }
  return Int32Array.from({ length: vectors.length / FACTORS }, (_, row) => {
    vector.set(vectors.subarray(row * FACTORS, (row + 1) * FACTORS));
    let nearest = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let cell = 0; cell < cells; cell++) {
      const nearness = product(vector, centroids, cell * FACTORS) - (halves[cell] as number);
      if (nearness > most) {
        most = nearness;
        nearest = cell;
      }
    }
    return nearest;
  });
}

/** The fewest cells in which enough of what an exact search finds is, on average over some users. */
function measureProbes(factors: ItemFactors, users: Float32Array): { probes: number; recall: number } {
  const { vectors, cellStarts } = factors;
  const cells = cellStarts.length - 1;
  const count = vectors.length / FACTORS;
  const userCount = users.length / FACTORS;
  const asked = Math.min(ASKED_USERS, userCount);
  const found = new Float64Array(cells);
  const vector = new Float64Array(FACTORS);
  const values = new Float64Array(count);
  for (let question = 0; question < asked; question++) {
    const user = Math.floor((question * userCount) / asked);
    vector.set(users.subarray(user * FACTORS, (user + 1) * FACTORS));
    for (let place = 0; place < count; place++) values[place] = product(vector, vectors, place * FACTORS);
    const least = nthLargest(values.slice(), count, Math.min(WANTED, count));
    const nearness = new Float64Array(cells);
    rateCells(factors, vector, nearness);
    const order = Int32Array.from({ length: cells }, (_, cell) => cell).sort(
      (a, b) => (nearness[b] as number) - (nearness[a] as number) || a - b,
    );
    for (const [rank, cell] of order.entries()) {
      for (let place = cellStarts[cell] as number; place < (cellStarts[cell + 1] as number); place++)
        if ((values[place] as number) >= least) found[rank] = (found[rank] as number) + 1 / asked / WANTED;
    }
  }
  let recall = 0;
  let probes = 0;
  while (probes < cells && recall < WANTED_RECALL) recall += found[probes++] as number;
  return { probes, recall };
}
