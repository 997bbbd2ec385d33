/** How each serving cache is filled from the store. */

import type { Deadline } from "../core/deadline.ts";
import type { ItemTable } from "./item-table.ts";
import type { LoadKeys } from "./keyed-cache.ts";
import type { FeatureReader, HistoryEntry } from "./ports.ts";
import { RELATED_LIMIT, type RelatedList, relatedList } from "./related-list.ts";

/** History items that the baseline policy sees. */
export const HISTORY_LIMIT = 20;

export function historyLoader(
  reader: FeatureReader,
  deadline: () => Deadline,
): LoadKeys<readonly HistoryEntry[]> {
  return (userIds) => reader.histories(userIds, HISTORY_LIMIT, deadline());
}

export function relatedLoader(
  reader: FeatureReader,
  deadline: () => Deadline,
  table: () => ItemTable,
): LoadKeys<RelatedList> {
  return async (itemIds) => {
    const lists = await reader.related(itemIds, RELATED_LIMIT, deadline());
    return new Map(itemIds.map((itemId) => [itemId, relatedList(lists.get(itemId) ?? [], table())]));
  };
}

/** An item without a catalogue row is remembered as one without a title. */
export function titleLoader(reader: FeatureReader, deadline: () => Deadline): LoadKeys<string | null> {
  return async (itemIds) => {
    const cards = await reader.items(itemIds, deadline());
    const titles = new Map(cards.map(({ itemId, title }) => [itemId, title]));
    return new Map(itemIds.map((itemId) => [itemId, titles.get(itemId) ?? null]));
  };
}
