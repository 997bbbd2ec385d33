/** Interactions of a profile as tests write them. */

import type { ItemTable } from "../../src/recommend/item-table.ts";
import type { Recent } from "../../src/recommend/recent.ts";

export interface Take {
  readonly itemId: string;
  /** Of the signal: 1, 3 or 10. */
  readonly weight: number;
}

/** Views of these items. */
export const viewed = (...itemIds: string[]): Take[] => itemIds.map((itemId) => ({ itemId, weight: 1 }));

/** `takes`: newest first. */
export const recentIn = (
  table: ItemTable,
  takes: readonly Take[],
): Recent & { readonly slots: readonly number[] } => ({
  slots: takes.map(({ itemId }) => table.intern(itemId)),
  weights: takes.map(({ weight }) => weight),
});
