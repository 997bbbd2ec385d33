/** The rank of an item in a list with scores, where equal scores share their places. */

/** What a model answers, best first. */
export interface ScoredList {
  readonly itemIds: readonly string[];
  /** Aligned with `itemIds`. */
  readonly scores: ArrayLike<number>;
}

/**
 * Items of a list that decide every rank up to `depth` as the whole catalogue would. Ties that go on behind the end of
 * the list and begin within `depth` have a mean rank of more than (1 + length) / 2, which is beyond `depth` either way.
 */
export const decisiveLength = (depth: number) => 2 * depth;

/** From 1; halves between two places. Infinity for an item that is not in the list. */
export function meanRank({ itemIds, scores }: ScoredList, itemId: string): number {
  const place = itemIds.indexOf(itemId);
  if (place < 0) return Number.POSITIVE_INFINITY;
  const score = scores[place];
  let first = place;
  let last = place;
  while (first > 0 && scores[first - 1] === score) first--;
  while (last + 1 < itemIds.length && scores[last + 1] === score) last++;
  return (first + last) / 2 + 1;
}
