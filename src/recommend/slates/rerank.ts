/**
 * Ranks stored candidates again by the functions that ranked them when the slate was served: numbers and names come from
 * the features alone, never from what serving holds now.
 */

import { BlendScratch, blendColumns, columnOf } from "../blend-columns.ts";
import { Candidates } from "../candidates.ts";
import { coldStart } from "../cold-start.ts";
import { NOTHING_HIDDEN } from "../hidden-items.ts";
import { ItemTable } from "../item-table.ts";
import { PopularityIndex } from "../popularity-index.ts";
import type { RankedList, SourceName } from "../ranked-list.ts";
import { listOf } from "../rules-v1.ts";
import { successors } from "../successors.ts";
import { type CandidateFeatures, type FeatureColumn, PAGED_FEATURES } from "./features.ts";

/** The list that was ranked, to `length`; all of it where no other length is given. */
export function rerank(candidates: CandidateFeatures, length = candidates.length): RankedList {
  switch (candidates.ranking) {
    case "blend":
      return blend(candidates, length);
    case "rules":
      return rules(candidates, length);
    case "cold_start":
      return spreadPopular(candidates, length);
    case "popular":
      return popular(candidates, length);
    case "paged":
      return paged(candidates, length);
    default:
      throw new Error(`unknown ranking ${candidates.ranking satisfies never}`);
  }
}

function blend({ itemIds, columns }: CandidateFeatures, k: number): RankedList {
  const places = Int32Array.from(itemIds, (_, row) => row);
  const spread = columns.map(({ name, weight, values }) =>
    columnOf(name as SourceName, weight, values, places),
  );
  const nameOf = (row: number) => itemIds[row] as string;
  return blendColumns({ places, columns: spread, k, nameOf }, new BlendScratch(itemIds.length));
}

function rules({ itemIds, columns }: CandidateFeatures, k: number): RankedList {
  const column = (name: string) => columnNamed(columns, name);
  const [last, popularity, seen] = [column("co_vis_last"), column("popularity_score"), column("seen_recent")];
  const retrieval = column("retrieval_score").values;
  const candidates = new Candidates();
  candidates.reset(itemIds.length);
  for (let row = 0; row < itemIds.length; row++) {
    candidates.add(row, popularity.values[row] as number, retrieval[row] as number);
  }
  candidates.coVisitation.set(column("co_visitation").values);
  candidates.coVisLast.set(last.values);
  candidates.seenRecent.set(seen.values);
  candidates.select(itemIds.length, Number.NEGATIVE_INFINITY);
  const weights = { coVisLast: last.weight, popularityScore: popularity.weight, seenRecent: -seen.weight };
  return listOf(candidates, k, (row) => itemIds[row] as string, weights);
}

function spreadPopular(candidates: CandidateFeatures, k: number): RankedList {
  const index = indexOf(candidates);
  const categories = new Map(
    candidates.itemIds.map((itemId, row) => [itemId, candidates.categories?.[row] ?? null]),
  );
  const categoryOf = (slot: number) => categories.get(index.table.nameOf(slot)) ?? null;
  return coldStart(index, categoryOf, () => false, { k, candidates: candidates.itemIds.length });
}

const popular = (candidates: CandidateFeatures, k: number): RankedList =>
  successors({ index: indexOf(candidates), sources: [], unwanted: [], hidden: NOTHING_HIDDEN, k });

function paged({ itemIds, columns }: CandidateFeatures, k: number): RankedList {
  const scores = columnNamed(columns, "score").values;
  const sources = columns.filter(({ name }) => !PAGED_FEATURES.has(name));
  const shown = itemIds.slice(0, k);
  return {
    itemIds: shown,
    scores: Float64Array.from(shown, (_, row) => scores[row] as number),
    sources: sources.map(({ name }) => name as SourceName),
    sourceScores: Float64Array.from(
      shown.flatMap((_, row) => sources.map(({ values }) => values[row] as number)),
    ),
  };
}

function indexOf({ itemIds, columns }: CandidateFeatures): PopularityIndex {
  const index = new PopularityIndex(new ItemTable(), itemIds.length);
  const scores = columns[0]?.values;
  index.replace(itemIds.map((itemId, row) => ({ itemId, score: scores?.[row] as number })));
  return index;
}

export function columnNamed(columns: readonly FeatureColumn[], name: string): FeatureColumn {
  const column = columns.find((each) => each.name === name);
  if (column === undefined) throw new Error(`the features have no column ${name}`);
  return column;
}
