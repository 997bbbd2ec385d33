/** The list for somebody of whom nothing is known: what is popular, spread over the categories. */

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

interface Segment {
  /** Ranks of its items, the most popular first. */
  readonly ranks: number[];
  next: number;
  factor: number;
}

/**
 * The `k` best of the most popular items by popularity times 0.5^(items of the same category before it).
 * Items without a category stand for themselves. `index` is on a linear scale.
 */
export function coldStart(
  index: PopularityIndex,
  categoryOf: (slot: number) => string | null,
  isUnwanted: (slot: number) => boolean,
  { k, candidates }: ColdDepth,
  isStored = false,
): RankedList {
  const ranks = bestRanks(index, isUnwanted, candidates);
  const segments = segmentsOf(index, categoryOf, ranks);
  const itemIds: string[] = [];
  const scores: number[] = [];
  while (itemIds.length < k) {
    let best: Segment | null = null;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const segment of segments) {
      const rank = segment.ranks[segment.next];
      if (rank === undefined) continue;
      const score = segment.factor * index.scoreAt(rank);
      if (score > bestScore) {
        best = segment;
        bestScore = score;
      }
    }
    if (best === null) break;
    itemIds.push(index.table.nameOf(index.slotAt(best.ranks[best.next++] as number)));
    scores.push(bestScore);
    best.factor *= REPEAT_FACTOR;
  }
  const list: RankedList = {
    itemIds,
    scores: Float64Array.from(scores),
    sources: SOURCES,
    sourceScores: Float64Array.from(scores),
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

function segmentsOf(
  index: PopularityIndex,
  categoryOf: (slot: number) => string | null,
  candidates: readonly number[],
): Segment[] {
  const ofCategory = new Map<string, Segment>();
  const segments: Segment[] = [];
  for (const rank of candidates) {
    const category = categoryOf(index.slotAt(rank));
    const known = category === null ? undefined : ofCategory.get(category);
    if (known) known.ranks.push(rank);
    else {
      const segment = { ranks: [rank], next: 0, factor: 1 };
      segments.push(segment);
      if (category !== null) ofCategory.set(category, segment);
    }
  }
  return segments;
}
