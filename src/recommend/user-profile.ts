/** What the streaming policy knows of one user: the newest items, and everything that was seen. */

import type { ItemTable } from "./item-table.ts";
import type { HistoryEntry, ProfileEntry, UserEvents } from "./ports.ts";
import { PROFILE_LENGTH, type Recent } from "./profile-weights.ts";
import { PROFILE_DEPTH } from "./stream-v1.ts";

/**
 * Events whose time is kept, for overlay entries to find their place among them, as many as an overlay holds; and whose signal is,
 * as many as count by it.
 */
const DETAILED_EVENTS = PROFILE_LENGTH;

export interface UserProfile {
  /** The table that `slots` belong to. */
  readonly table: ItemTable;
  /** Items of the newest events, oldest first; an item stands there once for each event. */
  readonly slots: Int32Array;
  /** Times of the last events. */
  readonly tsMs: Float64Array;
  /** Of the same events: weights of their signals. */
  readonly weights: Uint8Array;
}

export function userProfile({ itemIds, tsMs, weights }: UserEvents, table: ItemTable): UserProfile {
  const slots = new Int32Array(itemIds.length);
  for (let place = 0; place < itemIds.length; place++) slots[place] = table.intern(itemIds[place] as string);
  return {
    table,
    slots,
    tsMs: new Float64Array(tsMs.slice(-DETAILED_EVENTS)),
    weights: new Uint8Array(weights.slice(-DETAILED_EVENTS)),
  };
}

export const isSameProfile = (known: UserProfile, read: UserProfile): boolean =>
  known.table === read.table &&
  isEqual(known.slots, read.slots) &&
  isEqual(known.tsMs, read.tsMs) &&
  isEqual(known.weights, read.weights);

function isEqual<Numbers extends Int32Array | Float64Array | Uint8Array>(
  some: Numbers,
  others: Numbers,
): boolean {
  return some.length === others.length && some.every((value, at) => value === others[at]);
}

/** The same profile in `table`'s numbers. */
export function profileInTable(profile: UserProfile, table: ItemTable): UserProfile {
  if (profile.table === table) return profile;
  return { ...profile, table, slots: profile.slots.map((slot) => table.intern(profile.table.nameOf(slot))) };
}

export const emptyProfile = (table: ItemTable): UserProfile =>
  userProfile({ itemIds: [], tsMs: [], weights: [] }, table);

/**
 * Ids of the newest distinct items, newest first: at most `PROFILE_DEPTH`.
 * At equal times the stored event came first.
 */
export function newestItems(
  profile: Pick<UserProfile, "table" | "slots" | "tsMs">,
  overlay: readonly HistoryEntry[],
): string[] {
  const newest: string[] = [];
  walkBack(profile, overlay, (taken) => {
    const itemId = typeof taken === "number" ? profile.table.nameOf(taken) : taken.itemId;
    if (!newest.includes(itemId)) newest.push(itemId);
    return newest.length < PROFILE_DEPTH;
  });
  return newest;
}

/**
 * The newest interactions, newest first. What the table does not know is passed over: callers name items at will, and a
 * table keeps what it has met.
 */
export function recentInteractions(profile: UserProfile, overlay: readonly ProfileEntry[]): Recent {
  const slots: number[] = [];
  const weights: number[] = [];
  const plain = profile.slots.length - profile.weights.length;
  walkBack(profile, overlay, (taken, place) => {
    const isStored = typeof taken === "number";
    const slot = isStored ? taken : profile.table.slotOf(taken.itemId);
    if (slot < 0) return true;
    weights.push(isStored ? (profile.weights[place - plain] as number) : taken.weight);
    return slots.push(slot) < PROFILE_LENGTH;
  });
  return { slots, weights };
}

/**
 * Shows `take` one interaction after the other, until it has enough: slots of stored ones with their places, entries of the
 * overlay.
 */
function walkBack<Entry extends HistoryEntry>(
  { slots, tsMs }: Pick<UserProfile, "slots" | "tsMs">,
  overlay: readonly Entry[],
  take: (taken: number | Entry, place: number) => boolean,
): void {
  const untimed = slots.length - tsMs.length;
  let stored = slots.length - 1;
  let shown = overlay.length - 1;
  while (stored >= 0 || shown >= 0) {
    const entry = overlay[shown];
    const storedMs = stored < untimed ? Number.NEGATIVE_INFINITY : (tsMs[stored - untimed] as number);
    const takesOverlay = entry !== undefined && (stored < 0 || entry.tsMs >= storedMs);
    if (takesOverlay) shown--;
    if (!take(takesOverlay ? entry : (slots[stored] as number), stored)) return;
    if (!takesOverlay) stored--;
  }
}
