/** How much an item trends: what it got in the last hour and the last day, each beside the item that got most. */

import type { ScoredItem } from "./ports.ts";

/** Each at most 2: points of the hour / most of the hour + points of the day / most of the day; items without points are left out. */
export function trendingScores(
  hour: readonly ScoredItem[],
  day: readonly ScoredItem[],
): readonly ScoredItem[] {
  const sums = new Map<string, number>();
  for (const items of [hour, day]) {
    const most = items.reduce((so, { score }) => Math.max(so, score), 0);
    for (const { itemId, score } of items) {
      if (score > 0) sums.set(itemId, (sums.get(itemId) ?? 0) + score / most);
    }
  }
  return Array.from(sums, ([itemId, score]) => ({ itemId, score }));
}
