/** What serving reads from the store. Every read may throw StoreUnavailableError. */

import type { Deadline } from "../core/deadline.ts";

export interface ScoredItem {
  readonly itemId: string;
  readonly score: number;
}

export interface HistoryEntry {
  readonly itemId: string;
  readonly tsMs: number;
}

/** What a title is to a reader of an answer. */
export interface ItemCard {
  readonly itemId: string;
  readonly title: string | null;
  readonly hidden: boolean;
}

export interface FeatureReader {
  /** The most popular items by score, highest first. */
  popularity(limit: number, deadline: Deadline): Promise<readonly ScoredItem[]>;
  /** Current scores of these items; items without a row are left out. */
  popularityOf(itemIds: readonly string[], deadline: Deadline): Promise<readonly ScoredItem[]>;
  /** Top `limit` successors by count for each item, highest first; every asked item has an entry. */
  related(
    itemIds: readonly string[],
    limit: number,
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, readonly ScoredItem[]>>;
  /** The user's newest `limit` history items, oldest first. */
  history(userId: string, limit: number, deadline: Deadline): Promise<readonly HistoryEntry[]>;
  /** Catalogue rows of these items; unknown items are left out. */
  items(itemIds: readonly string[], deadline: Deadline): Promise<readonly ItemCard[]>;
}
