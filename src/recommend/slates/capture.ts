/** Copies what a ranking chose from before its working memory serves the next answer: numbers alone, named later. */

import type { Column } from "../blend-columns.ts";
import type { Candidates } from "../candidates.ts";
import type { ItemTable } from "../item-table.ts";
import type { PopularityIndex } from "../popularity-index.ts";
import { BASELINE_WEIGHTS } from "../ranking.ts";
import type { CandidateFeatures, FeatureColumn, FeatureValues } from "./features.ts";

type Capture = () => CandidateFeatures;

/** `places` says where each candidate stands in the columns; without it they stand by slot. */
export function captureBlend(
  table: ItemTable,
  slots: Int32Array,
  columns: readonly Column[],
  length: number,
  places = slots,
): Capture {
  const own = slots.slice();
  const kept = columns.map(({ name, weight, values }) => ({ name, weight, values: gather(values, places) }));
  return () => ({
    ranking: "blend",
    length,
    itemIds: namesOf(own, table),
    columns: kept,
    categories: null,
  });
}

/** Those that retrieval left. */
export function captureRules(candidates: Candidates, table: ItemTable, length: number): Capture {
  const rows = candidates.rows.slice(0, candidates.rowCount);
  const slots = Int32Array.from(rows, (row) => candidates.slots[row] as number);
  const column = (name: string, weight: number, values: FeatureValues): FeatureColumn => ({
    name,
    weight,
    values: gather(values, rows),
  });
  const columns = [
    column("co_vis_last", BASELINE_WEIGHTS.coVisLast, candidates.coVisLast),
    column("popularity_score", BASELINE_WEIGHTS.popularityScore, candidates.popularity),
    column("seen_recent", -BASELINE_WEIGHTS.seenRecent, Float64Array.from(candidates.seenRecent)),
    column("co_visitation", 0, candidates.coVisitation),
    column("retrieval_score", 0, candidates.retrievalScore),
  ];
  return () => ({ ranking: "rules", length, itemIds: namesOf(slots, table), columns, categories: null });
}

/** Items of a popular list, by their ranks in it. */
export function capturePopular(
  ranking: "cold_start" | "popular",
  index: PopularityIndex,
  ranks: readonly number[],
  length: number,
  categoryOf: ((slot: number) => string | null) | null,
): Capture {
  const slots = Int32Array.from(ranks, (rank) => index.slotAt(rank));
  const values = Float64Array.from(ranks, (rank) => index.scoreAt(rank));
  const name = ranking === "popular" ? "popularity" : "decayed_popularity";
  const categories = categoryOf && Array.from(slots, categoryOf);
  return () => ({
    ranking,
    length,
    itemIds: namesOf(slots, index.table),
    columns: [{ name, weight: 1, values }],
    categories,
  });
}

const namesOf = (slots: Int32Array, table: ItemTable) => Array.from(slots, (slot) => table.nameOf(slot));

function gather(values: FeatureValues, places: Int32Array): FeatureValues {
  const own =
    values instanceof Float32Array ? new Float32Array(places.length) : new Float64Array(places.length);
  for (let row = 0; row < places.length; row++) own[row] = values[places[row] as number] as number;
  return own;
}
