/** The successors of one item, as scoring reads them. */

import type { ItemTable } from "./item-table.ts";
import type { ScoredItem } from "./ports.ts";

/** Successors that count, for retrieval and for `co_vis_last`. */
export const RELATED_LIMIT = 200;

export interface RelatedList {
  /** The table that `slots` belong to. */
  readonly table: ItemTable;
  /** By count, highest first; at most `RELATED_LIMIT`. */
  readonly slots: Int32Array;
  readonly counts: Float64Array;
}

/** `items` are ordered by count, highest first. */
export function relatedList(items: readonly ScoredItem[], table: ItemTable): RelatedList {
  const top = items.slice(0, RELATED_LIMIT);
  return {
    table,
    slots: Int32Array.from(top, (item) => table.intern(item.itemId)),
    counts: Float64Array.from(top, (item) => item.score),
  };
}

/** The same list in `table`'s numbers. */
export function inTable(list: RelatedList, table: ItemTable): RelatedList {
  if (list.table === table) return list;
  return { ...list, table, slots: list.slots.map((slot) => table.intern(list.table.nameOf(slot))) };
}
