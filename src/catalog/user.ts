/** What an account is, and what somebody may keep from being shown. */

import type { ItemId, UserId } from "../core/ids.ts";
import type { Attributes } from "./attributes.ts";

export interface UserRecord {
  readonly userId: UserId;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly attributes: Attributes;
}

export interface HiddenItem {
  readonly userId: UserId;
  readonly itemId: ItemId;
  /** When the item may be shown again; null is never. */
  readonly untilMs: number | null;
}

/** Items that one user may hide at the same time. */
export const HIDDEN_ITEMS_MAX = 1_000;
