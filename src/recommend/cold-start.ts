/** The list for somebody of whom nothing is known: what is popular, spread over the categories. */

import { bestRows } from "./bounded-select.ts";
import type { HiddenSlots } from "./hidden-items.ts";
import type { PopularityIndex } from "./popularity-index.ts";
import type { RankedList, SourceName } from "./ranked-list.ts";
import { capturePopular } from "./slates/capture.ts";

/** Each further item of a category counts half as much as the one before. */
const REPEAT_FACTOR = 0.5;
const MIN_CANDIDATES = 200;
const CANDIDATES_PER_PLACE = 5;

export interface ColdDepth {
  /** Items in the list. */
  readonly k: number;
  /** Most popular items that it is made of. */
  readonly candidates: number;
}

/** Of a slate of `k` items, and of every longer list that begins with it. */
export const coldCandidates = (k: number): number => Math.max(MIN_CANDIDATES, CANDIDATES_PER_PLACE * k);

const SOURCES: readonly SourceName[] = ["decayed_popularity"];

/** Answers the same list to everybody unknown until popularity changes. */
export class ColdStarts {
  readonly #categoryOf: (slot: number) => string | null;
  #known: {
    list: RankedList;
    index: PopularityIndex;
    version: number;
    hidden: HiddenSlots;
    depth: ColdDepth;
  } | null = null;

  constructor(categoryOf: (slot: number) => string | null) {
    this.#categoryOf = categoryOf;
  }

  /** `unwanted` holds slots; -1 is no item. */
  list(
    index: PopularityIndex,
    unwanted: ReadonlySet<number>,
    hidden: HiddenSlots,
    depth: ColdDepth,
    isStored = false,
  ): RankedList {
    const known = this.#known;
    const { version } = index;
    const make = () =>
      coldStart(index, this.#categoryOf, (slot) => unwanted.has(slot) || hidden.has(slot), depth, isStored);
    if (unwanted.size > 0) return make();
    const isSameDepth = known?.depth.k === depth.k && known.depth.candidates === depth.candidates;
    const isKnown =
      known?.index === index && known.version === version && known.hidden === hidden && isSameDepth;
    if (isKnown && (!isStored || known.list.candidates)) return known.list;
    const list = make();
    this.#known = { list, index, version, hidden, depth };
    return list;
  }
}

/**
 * The `k` best of the most popular items by popularity times 0.5^(items of the same category before it).
 * Items without a category stand for themselves. `index` is on a linear scale. Each candidate is looked at once.
 */
export function coldStart(
  index: PopularityIndex,
  categoryOf: (slot: number) => string | null,
  isUnwanted: (slot: number) => boolean,
  { k, candidates }: ColdDepth,
  isStored = false,
): RankedList {
  const ranks = bestRanks(index, isUnwanted, candidates);
  const { scores: all, segments } = scoresOf(index, categoryOf, ranks);
  const rows = bestRows(Int32Array.from(all.keys()), k, all, (row, other) => {
    const difference = (all[row] as number) - (all[other] as number);
    if (difference !== 0) return difference > 0;
    const later = (segments[row] as number) - (segments[other] as number);
    return later === 0 ? row < other : later < 0;
  });
  const scores = Float64Array.from(rows, (row) => all[row] as number);
  const list: RankedList = {
    itemIds: rows.map((row) => index.table.nameOf(index.slotAt(ranks[row] as number))),
    scores,
    sources: SOURCES,
    sourceScores: scores.slice(),
  };
  return isStored ? { ...list, candidates: capturePopular("cold_start", index, ranks, k, categoryOf) } : list;
}

/** Of the most popular items that are wanted. */
function bestRanks(index: PopularityIndex, isUnwanted: (slot: number) => boolean, limit: number): number[] {
  const ranks: number[] = [];
  for (let rank = 0; rank < index.size && ranks.length < limit; rank++) {
    if (!isUnwanted(index.slotAt(rank))) ranks.push(rank);
  }
  return ranks;
}

interface Segment {
  /** In order of the best item. */
  readonly number: number;
  factor: number;
}

/** What each rank scores, and the segment that it is of: a category, or an item without one. */
function scoresOf(
  index: PopularityIndex,
  categoryOf: (slot: number) => string | null,
  ranks: readonly number[],
): { readonly scores: Float64Array; readonly segments: Int32Array } {
  const scores = new Float64Array(ranks.length);
  const segments = new Int32Array(ranks.length);
  const ofCategory = new Map<string, Segment>();
  let count = 0;
  for (const [row, rank] of ranks.entries()) {
    const category = categoryOf(index.slotAt(rank));
    const known = category === null ? undefined : ofCategory.get(category);
    const segment = known ?? { number: count++, factor: 1 };
    if (category !== null) ofCategory.set(category, segment);
    scores[row] = segment.factor * index.scoreAt(rank);
    segments[row] = segment.number;
    segment.factor *= REPEAT_FACTOR;
  }
  return { scores, segments };
}
