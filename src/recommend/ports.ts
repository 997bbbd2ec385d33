/** What serving reads from the store. Every read may throw StoreUnavailableError. */

import type { Deadline } from "../core/deadline.ts";
import type { FeatureChange } from "../events/ports.ts";
import type { CatalogCard } from "./catalog-cards.ts";
import type { PagedList } from "./paged-list.ts";
import type { Endpoint } from "./recommender.ts";

export interface ScoredItem {
  readonly itemId: string;
  readonly score: number;
}

export interface HistoryEntry {
  readonly itemId: string;
  readonly tsMs: number;
}

/** An interaction that a profile takes in. */
export interface ProfileEntry extends HistoryEntry {
  /** Of the signal: 1, 3 or 10. */
  readonly weight: number;
}

/** The newest events of one user, oldest first; the lists are aligned. */
export interface UserEvents {
  readonly itemIds: readonly string[];
  readonly tsMs: readonly number[];
  /** Weights of the signals: 1, 3 or 10. */
  readonly weights: readonly number[];
}

/** What follows an item in its users' events. */
export interface Neighbours {
  /** Sum of the weights of all sequential rules of the item, also of those that were cut off. */
  readonly totalWeight: number;
  /** By weight, then count, highest first; 0 where a pair has none of one. */
  readonly items: readonly NeighbourItem[];
}

export interface NeighbourItem {
  readonly itemId: string;
  /** Weight of the sequential rule. */
  readonly weight: number;
  /** Transitions from the item to this one. */
  readonly count: number;
}

/** Popularity that fades: `score` is on a log2 scale of a fixed epoch, so that only differences mean something. */
export interface DecayedItem extends ScoredItem {
  /** Of the catalogue; null without one, or without a row. */
  readonly category: string | null;
}

/** What a title is to a reader of an answer. */
export interface ItemCard {
  readonly itemId: string;
  readonly title: string | null;
  readonly hidden: boolean;
}

/** What came to be hidden or shown lately. An item or a user may be named again and again. */
export interface VisibilityChanges {
  readonly hidden: readonly string[];
  readonly shown: readonly string[];
  /** False when there were more items than asked for. */
  readonly isComplete: boolean;
  /** Users who hid something, and when they last did: the last ones to do so. */
  readonly users: readonly { readonly userId: string; readonly atMs: number }[];
}

export interface VisibilityReader {
  /** Hidden items of the catalogue by item id, those behind `after`. */
  hiddenItems(after: string | null, limit: number, deadline: Deadline): Promise<readonly string[]>;
  /** Changes of the last `windowMs` by the store's clock, of each kind at most `limit`. */
  visibilityChanges(windowMs: number, limit: number, deadline: Deadline): Promise<VisibilityChanges>;
  /** Items that each user hides at the moment; every asked user has an entry. */
  hiddenByUsers(
    userIds: readonly string[],
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, readonly string[]>>;
}

export type Attributes = Readonly<Record<string, unknown>>;

/** Grows with every change of the item. */
export interface CardVersion {
  readonly itemId: string;
  readonly version: number;
}

export interface CatalogCardRow {
  readonly version: number;
  readonly card: CatalogCard;
}

/** How new an item is. */
export interface ItemNewness {
  /** When the catalogue came to know it. */
  readonly createdAtMs: number;
  /** How often users took it, counted no further than was asked for. */
  readonly interactions: number;
}

export interface CardReader {
  /** By item id, those behind `after`. */
  cardVersions(after: string | null, limit: number, deadline: Deadline): Promise<readonly CardVersion[]>;
  /** Items that changed in the last `windowMs` by the store's clock, the newest first. */
  changedCards(windowMs: number, limit: number, deadline: Deadline): Promise<readonly CardVersion[]>;
  /** Unknown items are left out. */
  cards(itemIds: readonly string[], deadline: Deadline): Promise<readonly CatalogCardRow[]>;
  /** Of each item of the catalogue, with interactions up to `most`; unknown items are left out. */
  newness(
    itemIds: readonly string[],
    most: number,
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, ItemNewness>>;
  /** What the application says of each user; every asked user has an entry. */
  userAttributes(userIds: readonly string[], deadline: Deadline): Promise<ReadonlyMap<string, Attributes>>;
}

export interface FeatureReader extends VisibilityReader, CardReader {
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
  /** Top `limit` sequential rules united with the top `limit` transitions of each item; every asked item has an entry. */
  neighbours(
    itemIds: readonly string[],
    limit: number,
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, Neighbours>>;
  /** Each user's newest `limit` history items, oldest first; every asked user has an entry. */
  histories(
    userIds: readonly string[],
    limit: number,
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, readonly HistoryEntry[]>>;
  /** Each user's newest `limit` events by event time and arrival; every asked user has an entry. */
  recentEvents(
    userIds: readonly string[],
    limit: number,
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, UserEvents>>;
  /** The items of the highest decayed popularity, highest first. */
  decayedPopularity(limit: number, deadline: Deadline): Promise<readonly DecayedItem[]>;
  /** Decayed popularity of these items, highest first; items without a row are left out. */
  decayedPopularityOf(itemIds: readonly string[], deadline: Deadline): Promise<readonly DecayedItem[]>;
  /** Catalogue rows of these items; unknown items are left out. */
  items(itemIds: readonly string[], deadline: Deadline): Promise<readonly ItemCard[]>;
}

/** What a look-up found. */
export interface SharedLookUp {
  /** Aligned with the keys; null where there is nothing. */
  readonly texts: readonly (string | null)[];
  /** When it was: a fill from a later read of the store carries it. */
  readonly stamp: string;
}

export interface SharedEntry {
  readonly key: string;
  /** JSON. */
  readonly text: string;
  readonly ttlMs: number;
}

/** What nodes share between their memory and the store. Out of reach, it holds nothing: no method rejects or throws. */
export interface SharedCache {
  /** Null while the cache is out of reach, and when it does not answer by its own limit or `deadline`. */
  lookUp(keys: readonly string[], deadline: Deadline): Promise<SharedLookUp | null>;
  /** Keeps what was read from the store after the look-up, but for keys that were invalidated since. Returns at once. */
  fill(stamp: string, entries: readonly SharedEntry[]): void;
  /** After a commit: takes these keys out, refuses fills read before, and tells all nodes of `change`. Returns at once. */
  invalidate(keys: readonly string[], change: FeatureChange): void;
}

export interface KeptList {
  /** Names whose list it is: another call than the owner's may not continue it. */
  readonly owner: string;
  readonly paged: PagedList;
}

/** Lists that any worker of any node may continue, for `KEPT_LIST_MS`. Every call may throw StoreUnavailableError. */
export interface PagedLists {
  /** `id`: 32 hex digits that nobody can guess. Once this resolves everybody finds the list. */
  keep(id: string, list: KeptList, deadline: Deadline): Promise<void>;
  /** Null when there is none, or it is too old. */
  find(id: string, deadline: Deadline): Promise<KeptList | null>;
}

export const KEPT_LIST_MS = 5 * 60_000;

/** The popular list that outlives a restart: what is answered while the store is out of reach. */
export interface PopularSnapshots {
  /** The newest intact snapshot, highest score first; null when there is none. */
  load(): Promise<readonly ScoredItem[] | null>;
  /** Replaces the snapshot as a whole, or not at all. */
  save(items: readonly ScoredItem[]): Promise<void>;
}

/** What serving tells its owner, who counts and logs it. Must not throw. */
export type RecallChannel = "behavior" | "content" | "vector" | "user_cf" | "alike" | "popular";

export interface ServingObserver {
  /** A read was late for its share of the request's deadline. */
  late(endpoint: Endpoint, operation: "feature_fetch" | "database_query"): void;
  /** What a channel of the catalogue routes found for one answer, before anything is left out. */
  recalled(channel: RecallChannel, items: number): void;
  /** A failure that no caller sees. `answer`: a bug; the request went on down the fallback ladder. */
  failed(what: "snapshot_load" | "snapshot_save" | "answer", error: Error): void;
}
