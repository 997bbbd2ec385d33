/** The list of GET /recommend: successors of the newest history item, then popular items. */

import type { RankedList, SourceName } from "./ranked-list.ts";
import type { RulesInput } from "./rules-v1.ts";
import { capturePopular } from "./slates/capture.ts";

const SOURCES: readonly SourceName[] = ["co_visitation", "popularity"];

/** Both parts in their own order, without unwanted items or repeats, cut to `k`. Only the newest source counts. */
export function successors({ index, sources, unwanted, hidden, k, isStored }: RulesInput): RankedList {
  const unwantedSlots = new Set<number>();
  for (const itemId of unwanted) unwantedSlots.add(index.table.slotOf(itemId));
  const itemIds: string[] = [];
  const scores: number[] = [];
  const sourceScores: number[] = [];
  const take = (isSuccessor: boolean, slot: number, score: number) => {
    if (unwantedSlots.has(slot) || hidden.has(slot)) return;
    unwantedSlots.add(slot);
    itemIds.push(index.table.nameOf(slot));
    scores.push(score);
    sourceScores.push(isSuccessor ? score : 0, isSuccessor ? 0 : score);
  };
  const newest = sources[0];
  for (let place = 0; newest && place < newest.slots.length && itemIds.length < k; place++) {
    take(true, newest.slots[place] as number, newest.counts[place] as number);
  }
  for (let rank = 0; rank < index.size && itemIds.length < k; rank++) {
    take(false, index.slotAt(rank), index.scoreAt(rank));
  }
  const list: RankedList = {
    itemIds,
    scores: Float64Array.from(scores),
    sources: SOURCES,
    sourceScores: Float64Array.from(sourceScores),
  };
  if (!isStored) return list;
  const ranks = itemIds.map((itemId) => index.rankOf(index.table.slotOf(itemId)));
  return { ...list, candidates: capturePopular("popular", index, ranks, k, null) };
}
