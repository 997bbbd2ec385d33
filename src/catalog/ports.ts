/** What the catalogue needs of a store. Every call may throw StoreUnavailableError or StoreDataError. */

import type { Deadline } from "../core/deadline.ts";
import type { ItemId, UserId } from "../core/ids.ts";
import type { CatalogItem } from "./item.ts";
import type { HiddenItem, UserRecord } from "./user.ts";

export interface UpsertCounts {
  readonly inserted: number;
  readonly updated: number;
}

/** As stored: with what the store adds. Times in ms since 1970. */
export interface Stored {
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}
export type StoredItem = CatalogItem & Stored & { readonly version: number };
export type StoredUser = UserRecord & Stored;

export interface ItemStore {
  /** Inserts or replaces whole items in one transaction; of equal ids the last one counts. At most 1000. */
  upsert(items: readonly CatalogItem[], deadline: Deadline): Promise<UpsertCounts>;
  /** Hidden ones, too. */
  get(itemId: ItemId, deadline: Deadline): Promise<StoredItem | null>;
  /** By item id, those behind `after`. */
  list(after: string | null, limit: number, deadline: Deadline): Promise<readonly StoredItem[]>;
  /** False when there is no such item. */
  hide(itemId: ItemId, deadline: Deadline): Promise<boolean>;
}

export interface UserStore {
  put(user: UserRecord, deadline: Deadline): Promise<"created" | "updated">;
  get(userId: UserId, deadline: Deadline): Promise<StoredUser | null>;
  /** `full`: the user hides `HIDDEN_ITEMS_MAX` items already, and this is not one of them. */
  hideItem(hidden: HiddenItem, deadline: Deadline): Promise<"hidden" | "full">;
  showItem(userId: UserId, itemId: ItemId, deadline: Deadline): Promise<void>;
  /**
   * Makes `from`'s events, facts, features and hidden items those of `to`, with one row in the audit log when there was
   * anything to move. Features are then what a fold over the moved events gives.
   */
  merge(from: UserId, to: UserId, actor: string, deadline: Deadline): Promise<MergeOutcome>;
}

/**
 * `too_many`: more than `MERGE_MAX_EVENTS` events of both together, or watches and shown items of the guest; nothing was
 * changed.
 */
export type MergeOutcome =
  | {
      readonly kind: "merged";
      readonly moved: { readonly events: number; readonly hiddenItems: number };
      /** Items from which a transition or a rule changed. */
      readonly relatedItemIds: readonly string[];
    }
  | { readonly kind: "too_many" };

/** A guest has dozens of events, a busy account thousands: what is beyond that is no person's history. */
export const MERGE_MAX_EVENTS = 50_000;
