/** A ranked list in columns: small enough to be kept for every user, and explained only when somebody asks. */

import type { ItemTable } from "./item-table.ts";
import type { Basis, CandidateFeatures } from "./slates/features.ts";

/** Sources that a blend may count. */
export const SOURCE_NAMES = [
  "sequential_rules",
  "ease",
  "ials",
  "item_knn",
  "content",
  "co_visitation",
  "session_knn",
  "decayed_popularity",
  "trending",
  "latest",
] as const;

/** `popularity` is a source of `rules-v1` alone. */
export type SourceName = (typeof SOURCE_NAMES)[number] | "popularity";

export interface ItemNumbers {
  readonly table: ItemTable;
  /** Of the first items, in their order. */
  readonly slots: Int32Array;
}

export interface RankedList {
  /** Best first. */
  readonly itemIds: readonly string[];
  /** Aligned with `itemIds`. */
  readonly scores: Float64Array;
  readonly sources: readonly SourceName[];
  /** What each source gave each item, item after item: `sources.length` numbers an item. */
  readonly sourceScores: Float64Array;
  /** Its items by the numbers of a table, where they were ranked by these. */
  readonly numbers?: ItemNumbers;
  /** All that the list was chosen from, where that is wanted. Answers what stands now; valid as long as the list. */
  readonly candidates?: () => CandidateFeatures;
  /** All that the list was made from, where that is wanted. */
  readonly basis?: Basis;
}

export interface RecoSource {
  readonly name: SourceName;
  readonly score: number;
}

export interface RecoItem {
  readonly itemId: string;
  readonly score: number;
  /** Those that gave the item anything. */
  readonly sources: readonly RecoSource[];
}

/** The list item by item, with the sources of each. */
export function explain({ itemIds, scores, sources, sourceScores }: RankedList): RecoItem[] {
  return itemIds.map((itemId, place) => ({
    itemId,
    score: scores[place] as number,
    sources: sources
      .map((name, column) => ({ name, score: sourceScores[place * sources.length + column] as number }))
      .filter(({ score }) => score > 0),
  }));
}
