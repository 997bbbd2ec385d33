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

/** The popular list that outlives a restart: what is answered while the store is out of reach. */
export interface PopularSnapshots {
  /** The newest intact snapshot, highest score first; null when there is none. */
  load(): Promise<readonly ScoredItem[] | null>;
  /** Replaces the snapshot as a whole, or not at all. */
  save(items: readonly ScoredItem[]): Promise<void>;
}

/** What serving tells its owner, who counts and logs it. Must not throw. */
export interface ServingObserver {
  /** A read was late for its share of the request's deadline. */
  late(endpoint: "reco" | "recommend", operation: "feature_fetch" | "database_query"): void;
  /** A failure that no caller sees. `answer`: a bug; the request went on down the fallback ladder. */
  failed(what: "snapshot_load" | "snapshot_save" | "answer", error: Error): void;
}
