/** What the event path needs from the outside, declared where it is needed. */

import type { Deadline } from "../core/deadline.ts";
import type { AnyEvent, Interaction } from "./model.ts";

/** An outbox row to be written with its event. */
export interface OutboxDraft {
  readonly topic: string;
  readonly key: string;
  /** Outbox partition: murmur2(key) mod the number of outbox partitions. */
  readonly partition: number;
  /** The message value, exactly as it is published: compact ASCII JSON. */
  readonly payload: string;
  readonly maxAttempts: number;
}

/** Everything one accepted event writes, decided without touching a store. */
export interface IngestPlan {
  readonly event: AnyEvent;
  /** SHA-256 of the canonical client fields (32 bytes). */
  readonly bodyHash: Uint8Array;
  /** Null for direct events, which are not streamed. */
  readonly outbox: OutboxDraft | null;
  /** True for what an import stores past the stream; the ledger keeps it. */
  readonly imported?: boolean;
}

/** `conflict`: the id is known with another body; nothing was written, as for `duplicate`. */
export type IngestOutcome = "accepted" | "duplicate" | "conflict";

export interface IngestStore {
  /**
   * Stores all plans in one transaction, all or nothing, and answers one outcome per plan in order.
   * Throws StoreUnavailableError (outcome unknown on `timeout`) or StoreDataError.
   */
  accept(plans: readonly IngestPlan[], deadline: Deadline): Promise<IngestResult>;
}

export interface IngestResult {
  readonly outcomes: readonly IngestOutcome[];
  /** What accepted direct events changed in the features. */
  readonly changed: FeatureChange;
}

/** A message on its way to the event log. */
export interface ProduceRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** `unknown`: the log may or may not hold the record. `fatal` and `too_large`: it never will. */
export type ProduceResult =
  | { readonly status: "acked" }
  | { readonly status: "failed"; readonly class: "retryable" | "fatal" | "too_large"; readonly error: string }
  | { readonly status: "unknown"; readonly error: string };

export interface EventLogProducer extends AsyncDisposable {
  /** Creates the topic when allowed; an existing topic is fine. */
  ensureTopic(topic: string, partitions: number): Promise<void>;
  /**
   * Appends in order per partition; one result per record, in order. Never throws for a broker failure.
   * After a record that may be sent again (`retryable`, `unknown`), no later record of its partition is appended.
   */
  produce(records: readonly ProduceRecord[], deadline: Deadline): Promise<readonly ProduceResult[]>;
}

/** A partition this member owns, and the offset from which it may read. */
export interface Assignment {
  readonly topic: string;
  /** Changes when the topic is deleted and made again. */
  readonly topicId: string;
  readonly partition: number;
  /** Grows at each change of owner. */
  readonly generation: number;
}

/** Where a record stands. */
export interface RecordPlace {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface LogRecord extends RecordPlace {
  readonly key: Uint8Array | null;
  /** Raw bytes: decoding is the consumer's work, so that a bad value cannot block a partition. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestampMs: number;
}

export interface EventLogConsumer extends AsyncDisposable {
  /** Partitions owned now. A partition that left the list must not be written for any more. */
  assignments(): readonly Assignment[];
  /** Reads the next records of all owned partitions that are not paused; waits at most `timeoutMs` for the first. */
  poll(options: {
    maxRecords: number;
    timeoutMs: number;
    signal: AbortSignal;
  }): Promise<readonly LogRecord[]>;
  /** Moves the read position. */
  seek(assignment: Assignment, nextOffset: bigint): void;
  pause(assignment: Assignment): void;
  resume(assignment: Assignment): void;
  /** Tells the log how far this group is: a hint for lag tools, never the truth. */
  commit(assignment: Assignment, nextOffset: bigint): Promise<void>;
  /** Records between the read position and the end of the partition, never negative. */
  lag(): Promise<readonly { readonly assignment: Assignment; readonly lag: number }[]>;
  /** First offset still held and the next offset to be written. */
  bounds(assignment: Assignment): Promise<{ readonly start: bigint; readonly end: bigint }>;
}

export interface EventLog {
  producer(): Promise<EventLogProducer>;
  subscribe(group: string, memberId: string, topics: readonly string[]): Promise<EventLogConsumer>;
}

/** A row the relay may publish. */
export interface OutboxRow {
  readonly id: bigint;
  readonly partition: number;
  readonly eventId: string;
  readonly eventType: "impression" | "watch";
  readonly topic: string;
  readonly key: string;
  /** The stored payload as text; null when it is not a JSON object. */
  readonly payload: string | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly createdAtMs: number;
  readonly attemptCount: number;
  readonly maxAttempts: number;
}

export interface PartitionLease {
  readonly partition: number;
  readonly epoch: bigint;
}

export type OutboxMark =
  | { readonly kind: "published"; readonly row: OutboxRow; readonly epoch: bigint }
  | {
      readonly kind: "failed";
      readonly row: OutboxRow;
      readonly epoch: bigint;
      readonly error: string;
      readonly delaySec: number;
      readonly dead: boolean;
    }
  | {
      readonly kind: "held_back";
      readonly row: OutboxRow;
      readonly epoch: bigint;
      /** The failed row of the same key: both become due at the same instant. */
      readonly behind: bigint;
    };

/** A row of a key that failed and is not due yet: later rows of its key must wait. */
export interface BlockedKey {
  readonly partition: number;
  readonly topic: string;
  readonly key: string;
  readonly rowId: bigint;
  readonly dueInMs: number;
}

/** The outbox as a relay sees it. Only the store's clock decides about leases. */
export interface OutboxStore {
  /** Registers or refreshes this relay; answers how many relays are alive. */
  heartbeat(
    relayId: string,
    inFlight: number,
    leaseSec: number,
    deadline: Deadline,
  ): Promise<{ liveRelays: number }>;
  /** Takes up to `limit` partitions whose lease ran out. */
  take(
    relayId: string,
    limit: number,
    leaseSec: number,
    deadline: Deadline,
  ): Promise<readonly PartitionLease[]>;
  /** Renews all held partitions in one statement; answers those still held. */
  renew(
    relayId: string,
    held: readonly PartitionLease[],
    leaseSec: number,
    deadline: Deadline,
  ): Promise<readonly PartitionLease[]>;
  resign(relayId: string, held: readonly PartitionLease[], deadline: Deadline): Promise<void>;
  /** Reads due rows of these partitions, lowest ids first. Writes nothing. */
  claim(partitions: readonly number[], limit: number, deadline: Deadline): Promise<readonly OutboxRow[]>;
  /** The oldest row that is not due yet of each key in these partitions, at most `limit` keys. */
  blockedKeys(
    partitions: readonly number[],
    limit: number,
    deadline: Deadline,
  ): Promise<readonly BlockedKey[]>;
  /** One fenced statement; answers the ids it changed. A missing id means its partition was lost. */
  mark(marks: readonly OutboxMark[], deadline: Deadline): Promise<ReadonlySet<bigint>>;
  deregister(relayId: string, deadline: Deadline): Promise<void>;
}

/** Backlog as health answers and gauges show it. */
export interface OutboxSnapshot {
  readonly pending: number;
  readonly publishing: number;
  readonly published: number;
  readonly dead: number;
  readonly oldestLagMs: number;
}

/** A record the consumer gives up on. */
export interface DeadLetterDraft {
  readonly record: LogRecord;
  readonly errorClass: "not_json" | "not_object" | "schema" | "unknown_schema_version" | "handler" | "data";
  readonly errorText: string;
  readonly retryCount: number;
  readonly eventId: string | null;
}

/** One record of a chunk, decided: what its transaction does with it. */
export type ChunkEntry =
  | {
      readonly kind: "watch";
      readonly record: LogRecord;
      readonly streamEventId: string;
      readonly interaction: Interaction;
    }
  | {
      readonly kind: "impression";
      readonly record: LogRecord;
      readonly streamEventId: string;
      readonly items: readonly { itemId: string; position: number }[];
    }
  | { readonly kind: "ignored"; readonly record: LogRecord }
  | { readonly kind: "dead"; readonly record: LogRecord; readonly letter: DeadLetterDraft };

/** What a committed chunk changed, for counters and invalidation. */
export interface ChunkResult {
  /** Aligned with the entries. */
  readonly statuses: readonly ("processed" | "duplicate" | "ignored" | "dlq")[];
  readonly changed: FeatureChange;
}

/** Which cached state a commit made old. */
export interface FeatureChange {
  readonly userIds: readonly string[];
  /** Items whose popularity changed. */
  readonly itemIds: readonly string[];
  /** Items from which a transition changed. */
  readonly relatedItemIds: readonly string[];
  /** Items from which a sequential rule changed. */
  readonly ruleItemIds: readonly string[];
  /** `events.event_id` values that the store now holds: their overlay entries can go. */
  readonly eventIds: readonly string[];
  /** Event time of the oldest interaction that was new; absent where there is none, and from other nodes. */
  readonly oldestTsMs?: number;
}

export interface ConsumerStore {
  /**
   * Takes the partition over for this generation, which from now on fences older ones, and answers the stored
   * offset: null when nothing was consumed yet, `fenced` when a newer generation owns the partition.
   */
  takeOver(consumer: string, assignment: Assignment, deadline: Deadline): Promise<bigint | null | "fenced">;
  /** Forgets the stored offset of a partition that was made anew and is shorter than that. */
  rewind(consumer: string, assignment: Assignment, deadline: Deadline): Promise<void>;
  /** Offsets of the partition whose processing began and never ended: their process died. */
  interrupted(assignment: Assignment, deadline: Deadline): Promise<readonly bigint[]>;
  /** Notes that the processing of this record begins; its commit and `countAttempt` take the note away. */
  beginAttempt(record: RecordPlace, deadline: Deadline): Promise<void>;
  /**
   * Applies one chunk of one partition in one transaction: markers, features, dead letters and offset.
   * Answers `fenced` when a newer generation owns the partition, when the offset is past, or when the store has lost
   * chunks of this consumer in a crash: the stored offset tells where to go on. Nothing is written then.
   */
  applyChunk(
    consumer: string,
    assignment: Assignment,
    entries: readonly ChunkEntry[],
    nextOffset: bigint,
    deadline: Deadline,
  ): Promise<ChunkResult | "fenced">;
  /** Counts an attempt at a record and answers the total; survives restarts. */
  countAttempt(record: RecordPlace, error: string, deadline: Deadline): Promise<number>;
  dlqSnapshot(
    deadline: Deadline,
  ): Promise<{ pending: number; replayed: number; maxRetryCount: number; oldestPendingMs: number }>;
}
