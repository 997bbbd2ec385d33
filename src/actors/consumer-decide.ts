/** Decides how a chunk is cut, and what a failed chunk means: pure. */

import { StoreDataError, StoreUnavailableError } from "../core/errors.ts";
import type { ChunkEntry, DeadLetterDraft } from "../events/ports.ts";
import type { PartitionState } from "./consumer-partitions.ts";

/** Impressed items in one transaction, so that it ends well within the statement timeout. */
const MAX_CHUNK_ITEMS = 20_000;

/** How many of `entries` (at least one) the next transaction takes. */
export function chunkLength(entries: readonly ChunkEntry[], state: PartitionState): number {
  if (state.carefulRecords > 0) return 1;
  let items = 0;
  let length = 0;
  for (const entry of entries.slice(0, state.chunkLimit)) {
    if (entry.record.offset === state.suspect) return Math.max(1, length);
    items += entry.kind === "impression" ? entry.items.length : 0;
    if (items > MAX_CHUNK_ITEMS) return Math.max(1, length);
    length++;
  }
  return Math.max(1, length);
}

/** `infrastructure`: the same record may succeed later. `data`: the record's own fault. `unknown`: a bug of ours. */
export type FailureClass = "infrastructure" | "data" | "unknown";

export function classify(error: Error): FailureClass {
  if (error instanceof StoreUnavailableError) return "infrastructure";
  return error instanceof StoreDataError ? "data" : "unknown";
}

/** The entry under which a record that failed for good is kept. */
export function asDeadLetter(
  entry: ChunkEntry,
  errorClass: DeadLetterDraft["errorClass"],
  errorText: string,
  retryCount: number,
): ChunkEntry {
  const { record } = entry;
  const eventId = record.headers["event_id"] ?? null;
  return { kind: "dead", record, letter: { record, errorClass, errorText, retryCount, eventId } };
}
