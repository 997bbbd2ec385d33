/** Takes new items into an answer of a trained policy, beside what the run's own lists say. */

import type { CandidateSet } from "./candidate-set.ts";
import { NEW_ITEM_WEIGHT, type NewItemScores } from "./new-item-scores.ts";
import type { SlotScores } from "./slot-scores.ts";
import type { Column } from "./trained-scratch.ts";

/**
 * Makes the new items that the run does not know candidates, and answers the column of content with them in it; null when there are none: the one
 * that fits best gets the weight of content, but no less than `NEW_ITEM_WEIGHT`, and others their part of that. `content`
 * is the column of the run's lists, null where these do not count, and `memory` what it is kept in. Rows are left to the caller.
 */
export function addNewItems(
  { count, slots, values }: NewItemScores,
  numbers: Int32Array,
  candidates: CandidateSet,
  content: Column | null,
  { scores, rows }: { readonly scores: SlotScores; readonly rows: Float32Array },
): Column | null {
  let most = 0;
  for (let place = 0; place < count; place++) {
    if (isCandidate(slots[place] as number)) most = Math.max(most, values[place] as number);
  }
  if (most === 0) return null;
  const weight = content?.weight ?? NEW_ITEM_WEIGHT;
  const spread = content && content.most > content.least ? content : { least: 0, most: 1 };
  // What the run's lists would have to say to give as much.
  const scale = ((spread.most - spread.least) * Math.max(1, NEW_ITEM_WEIGHT / weight)) / most;
  candidates.widen(count);
  for (let place = 0; place < count; place++) {
    const slot = slots[place] as number;
    if (!isCandidate(slot)) continue;
    scores.add(slot, spread.least + scale * (values[place] as number));
    candidates.add(slot);
  }
  return { name: "content", weight, values: scores.values, rows, least: spread.least, most: spread.most };

  function isCandidate(slot: number): boolean {
    return (numbers[slot] ?? -1) < 0 && !candidates.isUnwanted(slot);
  }
}
