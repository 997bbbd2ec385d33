/** Joins a list's candidates with what was known of its viewer, which stays where it is until the slate is stored. */

import type { HistoryEntry } from "../ports.ts";
import type { RankedList } from "../ranked-list.ts";
import { BASELINE_WEIGHTS } from "../ranking.ts";
import type { ModelVersion } from "../recommender.ts";
import { recentInteractions } from "../user-profile.ts";
import type { Viewer } from "../viewer.ts";
import { Basis, type CandidateFeatures, type FeatureColumn, type ViewerFeatures } from "./features.ts";

/** A list without candidates is nobody's to store, and stays as it is. */
export function withBasis(list: RankedList, viewer: Viewer): RankedList {
  return joined(list, () => describeViewer(viewer));
}

/** Of `rules-v1`, which sees a history, oldest first. */
export function withHistory(
  list: RankedList,
  history: readonly HistoryEntry[],
  hidden: readonly string[],
): RankedList {
  return joined(list, () => {
    const recent = history.map(({ itemId }) => itemId).reverse();
    return { recent, seen: [...new Set(recent)], hidden, isGuest: false };
  });
}

/** Of a page that goes on with a list whose viewer was looked at when it was ranked. */
export function withRanks(list: RankedList, modelVersion: ModelVersion): RankedList {
  const { itemIds, scores } = list;
  const candidates = (): CandidateFeatures => ({
    ranking: "paged",
    length: itemIds.length,
    itemIds,
    columns: [
      ...(modelVersion === "rules-v1" ? rulesColumns(list) : sourceColumns(list)),
      { name: "score", weight: 0, values: scores.slice(0, itemIds.length) },
    ],
    categories: null,
  });
  return joined({ ...list, candidates }, () => ({ recent: [], seen: [], hidden: [], isGuest: false }));
}

const sourceColumns = ({ itemIds, sources, sourceScores }: RankedList): FeatureColumn[] =>
  sources.map((name, column) => ({
    name,
    weight: 1,
    values: Float64Array.from(itemIds, (_, row) => sourceScores[row * sources.length + column] as number),
  }));

/** `rules-v1` counts what followed the newest item alone, which no source tells: it is what popularity leaves of a score. */
function rulesColumns(list: RankedList): FeatureColumn[] {
  const { coVisLast, popularityScore } = BASELINE_WEIGHTS;
  const columns = sourceColumns(list).map((column) => ({
    ...column,
    weight: column.name === "popularity" ? popularityScore : 0,
  }));
  const popularity = columns.find(({ name }) => name === "popularity")?.values ?? [];
  const followed = Float64Array.from(
    list.itemIds,
    (_, row) => ((list.scores[row] as number) - popularityScore * (popularity[row] ?? 0)) / coVisLast,
  );
  return [...columns, { name: "co_vis_last", weight: coVisLast, values: followed }];
}

function joined(list: RankedList, describe: () => ViewerFeatures): RankedList {
  // The basis alone holds them, so that nothing does once they are stored.
  const { candidates, ...rest } = list;
  if (candidates === undefined) return list;
  const basis = new Basis(() => ({ candidates: candidates(), viewer: describe(), refined: null }));
  return { ...rest, basis };
}

function describeViewer({ profile, overlay, hidden, isGuest }: Viewer): ViewerFeatures {
  const { table, slots } = profile;
  const seen = new Set<string>();
  for (const slot of slots) seen.add(table.nameOf(slot));
  for (const { itemId } of overlay) seen.add(itemId);
  const { slots: recent, weights } = recentInteractions(profile, overlay);
  return {
    recent: Array.from(recent, (slot) => table.nameOf(slot)),
    signalWeights: Array.from(weights),
    seen: [...seen],
    hidden,
    isGuest,
  };
}
