/** Lets items come back that a user took: `replay_seen` of a policy, for music and whatever else is taken again and again. */

import type { ItemTable } from "./item-table.ts";
import type { HistoryEntry } from "./ports.ts";
import { profileInTable, type UserProfile } from "./user-profile.ts";

export interface ReplaySeen {
  /** After so long an item has half of its score again. */
  readonly halfLifeMs: number;
}

/** Of items that the user took: the share of its score that each has again, 0 to 1. */
export type Returning = ReadonlyMap<string, number>;

/** 0 right after the item was taken; 1 - 2^(-age / half-life). */
const shareAfter = (ageMs: number, { halfLifeMs }: ReplaySeen): number =>
  1 - 2 ** (-Math.max(0, ageMs) / halfLifeMs);

export interface ReturningInput {
  readonly itemIds: readonly string[];
  readonly table: ItemTable;
  readonly profile: UserProfile;
  readonly overlay: readonly HistoryEntry[];
  readonly rules: ReplaySeen;
  readonly nowMs: number;
}

/** Those of `itemIds` that the user took. Events older than a profile knows the times of count as the oldest of these. */
export function returningItems({
  itemIds,
  table,
  profile,
  overlay,
  rules,
  nowMs,
}: ReturningInput): Returning {
  const { slots, tsMs } = profileInTable(profile, table);
  const untimed = slots.length - tsMs.length;
  const takenMs = new Map<number, number>();
  const note = (slot: number, ms: number) => takenMs.set(slot, Math.max(ms, takenMs.get(slot) ?? ms));
  for (const [place, slot] of slots.entries()) note(slot, tsMs[Math.max(0, place - untimed)] ?? nowMs);
  for (const { itemId, tsMs: ms } of overlay) note(table.slotOf(itemId), ms);
  const shares = new Map<string, number>();
  for (const itemId of itemIds) {
    const ms = takenMs.get(table.slotOf(itemId));
    if (ms !== undefined) shares.set(itemId, shareAfter(nowMs - ms, rules));
  }
  return shares;
}
