/** What the streaming policy knows of one user: the newest items, and everything that was seen. */

import type { ItemTable } from "./item-table.ts";
import type { HistoryEntry, UserEvents } from "./ports.ts";
import { PROFILE_DEPTH } from "./stream-v1.ts";

/** Events whose time is kept, for overlay entries to find their place among them: as many as an overlay holds. */
const TIMED_EVENTS = 50;

export interface UserProfile {
  /** The table that `slots` belong to. */
  readonly table: ItemTable;
  /** Items of the newest events, oldest first; an item stands there once for each event. */
  readonly slots: Int32Array;
  /** Times of the last events. */
  readonly tsMs: Float64Array;
}

export function userProfile({ itemIds, tsMs }: UserEvents, table: ItemTable): UserProfile {
  const slots = new Int32Array(itemIds.length);
  for (let place = 0; place < itemIds.length; place++) slots[place] = table.intern(itemIds[place] as string);
  return { table, slots, tsMs: new Float64Array(tsMs.slice(-TIMED_EVENTS)) };
}

export const isSameProfile = (known: UserProfile, read: UserProfile): boolean =>
  known.table === read.table && isEqual(known.slots, read.slots) && isEqual(known.tsMs, read.tsMs);

function isEqual<Numbers extends Int32Array | Float64Array>(some: Numbers, others: Numbers): boolean {
  return some.length === others.length && some.every((value, at) => value === others[at]);
}

/** The same profile in `table`'s numbers. */
export function profileInTable(profile: UserProfile, table: ItemTable): UserProfile {
  if (profile.table === table) return profile;
  return { ...profile, table, slots: profile.slots.map((slot) => table.intern(profile.table.nameOf(slot))) };
}

export const emptyProfile = (table: ItemTable): UserProfile => userProfile({ itemIds: [], tsMs: [] }, table);

/**
 * Ids of the newest distinct items, newest first: at most `PROFILE_DEPTH`.
 * At equal times the stored event came first.
 */
export function newestItems(profile: UserProfile, overlay: readonly HistoryEntry[]): string[] {
  const newest: string[] = [];
  walkBack(profile, overlay, (taken) => {
    const itemId = typeof taken === "number" ? profile.table.nameOf(taken) : taken.itemId;
    if (!newest.includes(itemId)) newest.push(itemId);
    return newest.length < PROFILE_DEPTH;
  });
  return newest;
}

/**
 * Items of the newest interactions, newest first, each as often as it was taken. What the table does not know is passed
 * over: callers name items at will, and a table keeps what it has met.
 */
export function newestInteractions(
  profile: UserProfile,
  overlay: readonly HistoryEntry[],
  limit: number,
): number[] {
  const newest: number[] = [];
  walkBack(profile, overlay, (taken) => {
    const slot = typeof taken === "number" ? taken : profile.table.slotOf(taken.itemId);
    return slot < 0 || newest.push(slot) < limit;
  });
  return newest;
}

/** Shows `take` one interaction after the other, until it has enough: slots of stored ones, entries of the overlay. */
function walkBack(
  { slots, tsMs }: UserProfile,
  overlay: readonly HistoryEntry[],
  take: (taken: number | HistoryEntry) => boolean,
): void {
  const untimed = slots.length - tsMs.length;
  let stored = slots.length - 1;
  let shown = overlay.length - 1;
  while (stored >= 0 || shown >= 0) {
    const entry = overlay[shown];
    const storedMs = stored < untimed ? Number.NEGATIVE_INFINITY : (tsMs[stored - untimed] as number);
    const takesOverlay = entry !== undefined && (stored < 0 || entry.tsMs >= storedMs);
    if (takesOverlay) shown--;
    if (!take(takesOverlay ? entry : (slots[stored] as number))) return;
    if (!takesOverlay) stored--;
  }
}
