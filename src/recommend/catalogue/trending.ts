/** What many take at the moment: counts of signals, then the trending score, then what is popular. */

import type { ScoredItem } from "../ports.ts";

/**
 * By count, the highest first; ties by trending score, then by place in the popular list, then by id. Behind them the items
 * of the best trending scores, then popular ones. Each item once.
 */
export function trendingOrder(
  counts: readonly ScoredItem[],
  scores: readonly ScoredItem[],
  popular: readonly string[],
): string[] {
  const scoreOf = new Map(scores.map(({ itemId, score }) => [itemId, score]));
  const placeOf = new Map(popular.map((itemId, place) => [itemId, place]));
  const tie = (a: string, b: string) =>
    order(scoreOf.get(b) ?? Number.NEGATIVE_INFINITY, scoreOf.get(a) ?? Number.NEGATIVE_INFINITY) ||
    order(placeOf.get(a) ?? Number.POSITIVE_INFINITY, placeOf.get(b) ?? Number.POSITIVE_INFINITY) ||
    order(a, b);
  const counted = counts.toSorted((a, b) => b.score - a.score || tie(a.itemId, b.itemId));
  const scored = [...scoreOf.keys()].sort(tie);
  return [...new Set([...counted.map(({ itemId }) => itemId), ...scored, ...popular])];
}

const order = <T extends string | number>(a: T, b: T): number => (a === b ? 0 : a < b ? -1 : 1);
