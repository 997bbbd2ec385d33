/** Decides what a round sends, and how its outcome is marked: pure but for the keys that stop being blocked. */

import { exponentialDelay } from "../core/retry-delay.ts";
import type { OutboxMark, OutboxRow, ProduceResult } from "../events/ports.ts";
import type { BlockedKeys } from "./relay-blocked.ts";

export const MAX_ERROR_LENGTH = 4000;

export interface RetryPolicy {
  readonly baseRetrySec: number;
  readonly maxRetrySec: number;
}

type FailedMark = Extract<OutboxMark, { kind: "failed" }>;
type EpochOf = (partition: number) => bigint;

export interface Sorted {
  /** In id order. */
  readonly sendable: readonly OutboxRow[];
  /** Rows that wait behind a failed one, and rows that can never be sent. */
  readonly marks: readonly OutboxMark[];
}

/** Sorts claimed rows (id order) into those that may be sent now and those that may not. */
export function sortRows(
  rows: readonly OutboxRow[],
  epochOf: EpochOf,
  blocked: BlockedKeys,
  claimedAtMs: number,
): Sorted {
  const sendable: OutboxRow[] = [];
  const marks: OutboxMark[] = [];
  for (const row of rows) {
    const epoch = epochOf(row.partition);
    const behind = blocked.blockerOf(row, claimedAtMs);
    if (behind !== null) marks.push({ kind: "held_back", row, epoch, behind });
    else if (row.payload === null) {
      marks.push(deadMark(row, epoch, "invalid_payload: the payload is not a JSON object"));
    } else sendable.push(row);
  }
  return { sendable, marks };
}

/**
 * Marks for sent rows (id order) and their results. The first row of a key that may be sent again counts an attempt
 * and holds the later unsent rows of its key back; a dead row holds nothing back.
 */
export function settle(
  rows: readonly OutboxRow[],
  results: readonly ProduceResult[],
  epochOf: EpochOf,
  policy: RetryPolicy,
): OutboxMark[] {
  const failedOfKey = new Map<string, bigint>();
  return rows.map((row, index): OutboxMark => {
    const result = results[index] ?? { status: "unknown", error: "the log gave no result" };
    const epoch = epochOf(row.partition);
    if (result.status === "acked") return { kind: "published", row, epoch };
    if (result.status === "failed" && result.class !== "retryable") {
      return deadMark(
        row,
        epoch,
        result.class === "too_large" ? `message_too_large: ${result.error}` : result.error,
      );
    }
    const key = `${row.topic}\u0000${row.key}`;
    const behind = failedOfKey.get(key);
    if (behind !== undefined) return { kind: "held_back", row, epoch, behind };
    const mark = failedMark(row, epoch, result.error, policy);
    if (!mark.dead) failedOfKey.set(key, row.id);
    return mark;
  });
}

function failedMark(row: OutboxRow, epoch: bigint, error: string, policy: RetryPolicy): FailedMark {
  const attempt = row.attemptCount + 1;
  if (attempt >= row.maxAttempts) return deadMark(row, epoch, error);
  const baseSec = Math.max(1, policy.baseRetrySec);
  const delaySec = exponentialDelay(attempt, baseSec, Math.max(baseSec, policy.maxRetrySec));
  return { kind: "failed", row, epoch, error: error.slice(0, MAX_ERROR_LENGTH), delaySec, dead: false };
}

const deadMark = (row: OutboxRow, epoch: bigint, error: string): FailedMark => ({
  kind: "failed",
  row,
  epoch,
  error: error.slice(0, MAX_ERROR_LENGTH),
  delaySec: 0,
  dead: true,
});

/** True when nothing came through and everything may come through later: the log itself is out of reach. */
export const isLogDown = (results: readonly ProduceResult[]) =>
  results.length > 0 &&
  results.every(
    (result) => result.status === "unknown" || (result.status === "failed" && result.class === "retryable"),
  );
