/** Adds to a ranked list what is new in the catalogue and no source of the policy found. */

import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import type { Policy } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RefineParts } from "./refine-list.ts";
import { bornAfter } from "./spread.ts";
import { unwantedItems } from "./unwanted.ts";

/** Of the items that a place may be drawn from. */
const SHARE_OF_POOL = 1 / 2;

export interface WithFresh {
  readonly list: RankedList;
  /** So many of its last items were added; they have a score of 0. */
  readonly fresh: number;
}

/** The first `length` items and what is new; nothing is added where neither a quota nor exploration asks for it. */
export function withFresh(
  parts: RefineParts,
  policy: Policy,
  whole: RankedList,
  length: number,
): MaybePromise<WithFresh> {
  const { state, clock, request, refinement, reads } = parts;
  const { spread, exploration } = refinement;
  const list = { ...whole, itemIds: whole.itemIds.slice(0, length) };
  const forQuota = spread.freshnessQuota > 0 ? request.k : 0;
  const limit = Math.max(forQuota, Math.floor((exploration?.rules.poolSize ?? 0) * SHARE_OF_POOL));
  if (limit === 0 || spread.freshDays === 0) return { list, fresh: 0 };
  const newest = state.cards.newest.since(bornAfter(spread, clock.nowMs()));
  if (newest.length === 0) return { list, fresh: 0 };
  return chain(unwantedItems(state, policy, request, reads), (isUnwanted) => {
    const known = new Set(whole.itemIds);
    const added = newest.filter((itemId) => !known.has(itemId) && !isUnwanted(itemId)).slice(0, limit);
    return { list: extended(list, added), fresh: added.length };
  });
}

/** These items last, with a score of 0. */
export function extended(list: RankedList, itemIds: readonly string[]): RankedList {
  if (itemIds.length === 0) return list;
  const length = list.itemIds.length + itemIds.length;
  const scores = new Float64Array(length);
  scores.set(list.scores.subarray(0, list.itemIds.length));
  const sourceScores = new Float64Array(length * list.sources.length);
  sourceScores.set(list.sourceScores.subarray(0, list.itemIds.length * list.sources.length));
  const { numbers } = list;
  return {
    ...list,
    itemIds: [...list.itemIds, ...itemIds],
    scores,
    sourceScores,
    ...(numbers && { numbers: { ...numbers, slots: numbers.slots.subarray(0, list.itemIds.length) } }),
  };
}
