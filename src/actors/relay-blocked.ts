/** Remembers, for each held partition, which keys wait behind a failed row that is not due yet. */

import type { BlockedKey, OutboxRow } from "../events/ports.ts";

interface Blocker {
  readonly rowId: bigint;
  /** Monotonic; never earlier than the moment the store makes the row due. */
  readonly dueAtMs: number;
}

/** About 2 MB of keys. */
export const MAX_BLOCKED_KEYS = 10_000;

const keyOf = (entry: { topic: string; key: string }) => `${entry.topic}\u0000${entry.key}`;

/**
 * A failed row blocks the later rows of its key until a claim reads it again, or until it must have been due:
 * a claim reads due rows lowest id first, so a due row that it passes over is gone.
 * When full, the partition waits as a whole until its keys can be read from the store again.
 */
export class BlockedKeys {
  readonly limit: number;
  readonly #partitions = new Map<number, Map<string, readonly Blocker[]>>();
  readonly #full = new Set<number>();
  #size = 0;

  constructor(limit = MAX_BLOCKED_KEYS) {
    this.limit = limit;
  }

  /** Replaces what is known of these partitions by what the store answered to a question for `limit` keys. */
  load(partitions: readonly number[], keys: readonly BlockedKey[], nowMs: number): void {
    for (const partition of partitions) this.forget(partition);
    if (keys.length >= this.limit) {
      for (const partition of partitions) this.#full.add(partition);
      return;
    }
    for (const key of keys) this.block(key, key.rowId, nowMs + key.dueInMs);
  }

  block(entry: { partition: number; topic: string; key: string }, rowId: bigint, dueAtMs: number): void {
    if (this.#full.has(entry.partition)) return;
    if (this.#size >= this.limit) {
      this.forget(entry.partition);
      this.#full.add(entry.partition);
      return;
    }
    const keys = this.#partitions.get(entry.partition) ?? new Map<string, readonly Blocker[]>();
    this.#partitions.set(entry.partition, keys);
    keys.set(keyOf(entry), [...(keys.get(keyOf(entry)) ?? []), { rowId, dueAtMs }]);
    this.#size++;
  }

  /** The row that `row`, read by a claim begun at `claimedAtMs`, must wait for; null when it may be sent. */
  blockerOf(row: OutboxRow, claimedAtMs: number): bigint | null {
    const keys = this.#partitions.get(row.partition);
    const blockers = keys?.get(keyOf(row));
    if (!keys || !blockers) return null;
    const left = blockers.filter(
      ({ rowId, dueAtMs }) => rowId > row.id || (rowId < row.id && claimedAtMs <= dueAtMs),
    );
    this.#size -= blockers.length - left.length;
    if (left.length > 0) keys.set(keyOf(row), left);
    else keys.delete(keyOf(row));
    return left.find(({ rowId }) => rowId < row.id)?.rowId ?? null;
  }

  forget(partition: number): void {
    for (const blockers of this.#partitions.get(partition)?.values() ?? []) this.#size -= blockers.length;
    this.#partitions.delete(partition);
    this.#full.delete(partition);
  }

  /** True when a failed key of this partition could not be kept: nothing of it may be sent. */
  isFull(partition: number): boolean {
    return this.#full.has(partition);
  }
}
