/** What a consumer of Kafka needs of a client: the partitions that its group gave it, and the records in them. */

import type { Assignment, LogRecord } from "../../events/ports.ts";

export interface OwnedPartition {
  readonly assignment: Assignment;
  /** Where the group's commit, or the start of the partition, tells it to begin. */
  readonly startOffset: bigint;
}

export interface Membership {
  /** What is owned now; empty when the brokers were silent for too long. */
  owned(): readonly OwnedPartition[];
  /** Owns everything anew: with new numbers, topics and offsets as they are now. */
  renew(): void;
  /** Only for what is owned now. */
  commit(assignment: Assignment, nextOffset: bigint): Promise<void>;
  /** Gives everything back, so that others take over at once. Never throws: the session ends anyway. */
  leave(): Promise<void>;
}

export interface Questions {
  /** First offset held and next offset to be written, by partition of the topic. */
  bounds(
    topic: string,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, { readonly start: bigint; readonly end: bigint }>>;
}

export interface FetchPlace {
  readonly assignment: Assignment;
  readonly offset: bigint;
}

export interface Fetched {
  readonly assignment: Assignment;
  readonly records: readonly LogRecord[];
  /** Behind all that was read, records or not. */
  readonly nextOffset: bigint;
}

export interface Fetcher {
  /** Waits a moment when there is nothing. After a failure the next call begins anew. */
  fetch(places: readonly FetchPlace[]): Promise<readonly Fetched[]>;
  close(): Promise<void>;
}

/** The read position is no longer, or not yet, in the log, or the topic was made anew. */
export class PositionLostError extends Error {
  override name = "PositionLostError";
}
