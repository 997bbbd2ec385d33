/** How new an item of the catalogue is. */

import type { ItemTable } from "./item-table.ts";
import type { NewestItems } from "./newest-items.ts";
import type { GivenScores } from "./trained-input.ts";

const HALF_LIFE_MS = 7 * 86_400_000;

/** 2^(-age / 7 days) for the newest items; one that is published later is 0 days old. */
export function latestScores(
  newest: Pick<NewestItems, "dated">,
  table: ItemTable,
  nowMs: number,
): GivenScores {
  const dated = newest.dated();
  return {
    slots: Int32Array.from(dated, ({ itemId }) => table.intern(itemId)),
    scores: Float32Array.from(
      dated,
      ({ publishedAt }) => 2 ** (-Math.max(0, nowMs - Date.parse(publishedAt)) / HALF_LIFE_MS),
    ),
  };
}
