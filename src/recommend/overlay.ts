/** Watches that were acknowledged here and that the store's features do not show yet. */

import type { Clock } from "../core/clock.ts";
import { type Interaction, SIGNAL_WEIGHT } from "../events/model.ts";
import type { HistoryEntry, ProfileEntry } from "./ports.ts";

export interface OverlayOptions {
  readonly clock: Clock;
  readonly maxUsers: number;
}

const MAX_PER_USER = 50;
const LIFETIME_MS = 60_000;
const NO_ENTRIES: readonly ProfileEntry[] = [];

interface OverlayEntry extends ProfileEntry {
  readonly eventId: string;
  readonly userId: string;
  readonly addedAtMs: number;
}

/** Keyed by `events.event_id`; an event added twice counts once. Never written to the store or a cache. */
export class ProfileOverlay {
  readonly #options: OverlayOptions;
  /** In order of arrival, so that the oldest stand first. */
  readonly #byEvent = new Map<string, OverlayEntry>();
  /** Each list in event-time order; the users in order of their newest arrival. */
  readonly #byUser = new Map<string, OverlayEntry[]>();

  constructor(options: OverlayOptions) {
    this.#options = options;
  }

  /** Entries of all users. */
  get size(): number {
    return this.#byEvent.size;
  }

  add({ eventId, userId, itemId, signal, tsMs }: Interaction): void {
    this.#expire();
    if (this.#byEvent.has(eventId)) return;
    const { clock, maxUsers } = this.#options;
    const addedAtMs = clock.monotonicMs();
    const weight = SIGNAL_WEIGHT[signal];
    const entry = { eventId, userId, itemId, weight, addedAtMs, tsMs: Math.min(tsMs, clock.nowMs()) };
    const entries = this.#byUser.get(userId) ?? [];
    const place = entries.findLastIndex((earlier) => earlier.tsMs <= entry.tsMs) + 1;
    entries.splice(place, 0, entry);
    this.#byEvent.set(eventId, entry);
    this.#byUser.delete(userId);
    this.#byUser.set(userId, entries);
    if (entries.length > MAX_PER_USER) this.#remove(entries[0] as OverlayEntry);
    if (this.#byUser.size > maxUsers) this.#removeUser();
  }

  /** The store has these events now. */
  drop(eventIds: Iterable<string>): void {
    for (const eventId of eventIds) {
      const entry = this.#byEvent.get(eventId);
      if (entry) this.#remove(entry);
    }
  }

  /** The user's entries in event-time order. */
  entries(userId: string): readonly ProfileEntry[] {
    this.#expire();
    return this.#byUser.get(userId) ?? NO_ENTRIES;
  }

  #expire(): void {
    const bornBeforeMs = this.#options.clock.monotonicMs() - LIFETIME_MS;
    for (const entry of this.#byEvent.values()) {
      if (entry.addedAtMs > bornBeforeMs) return;
      this.#remove(entry);
    }
  }

  #removeUser(): void {
    for (const entries of this.#byUser.values()) {
      for (const entry of [...entries]) this.#remove(entry);
      return;
    }
  }

  #remove(entry: OverlayEntry): void {
    this.#byEvent.delete(entry.eventId);
    const entries = this.#byUser.get(entry.userId) ?? [];
    entries.splice(entries.indexOf(entry), 1);
    if (entries.length === 0) this.#byUser.delete(entry.userId);
  }
}

/**
 * The newest `limit` of both, oldest first, by event time; at equal times the stored ones came first.
 * An overlay entry with the item and time of a stored one is the same event and is not shown twice.
 */
export function mergeHistory<Entry extends HistoryEntry>(
  stored: readonly Entry[],
  overlay: readonly Entry[],
  limit: number,
): readonly Entry[] {
  if (overlay.length === 0) return stored.slice(-limit);
  const isStored = (entry: Entry) =>
    stored.some(({ itemId, tsMs }) => itemId === entry.itemId && tsMs === entry.tsMs);
  const merged = [...stored, ...overlay.filter((entry) => !isStored(entry))];
  return merged.sort((a, b) => a.tsMs - b.tsMs).slice(-limit);
}

/** What is laid over the stored profile of this user for one answer, in event-time order. */
export function overlayOf(
  overlay: ProfileOverlay,
  userId: string,
  sessionEvents: readonly ProfileEntry[] = NO_ENTRIES,
): readonly ProfileEntry[] {
  const acknowledged = overlay.entries(userId);
  if (sessionEvents.length === 0) return acknowledged;
  return [...acknowledged, ...sessionEvents].sort((a, b) => a.tsMs - b.tsMs);
}
