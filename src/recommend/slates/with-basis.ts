/** Joins a list's candidates with what was known of its viewer, which stays where it is until the slate is stored. */

import type { HistoryEntry } from "../ports.ts";
import type { RankedList } from "../ranked-list.ts";
import { PROFILE_LENGTH } from "../trained-input.ts";
import { newestInteractions } from "../user-profile.ts";
import type { Viewer } from "../viewer.ts";
import { Basis, type CandidateFeatures, type ViewerFeatures } from "./features.ts";

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
export function withRanks(list: RankedList): RankedList {
  const { itemIds, scores, sources, sourceScores } = list;
  const candidates = (): CandidateFeatures => ({
    ranking: "paged",
    length: itemIds.length,
    itemIds,
    columns: [
      ...sources.map((name, column) => ({
        name,
        weight: 1,
        values: Float64Array.from(itemIds, (_, row) => sourceScores[row * sources.length + column] as number),
      })),
      { name: "score", weight: 0, values: scores.slice(0, itemIds.length) },
    ],
    categories: null,
  });
  return joined({ ...list, candidates }, () => ({ recent: [], seen: [], hidden: [], isGuest: false }));
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
  const recent = newestInteractions(profile, overlay, PROFILE_LENGTH).map((slot) => table.nameOf(slot));
  return { recent, seen: [...seen], hidden, isGuest };
}
