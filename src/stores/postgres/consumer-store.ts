/** Applies chunks of the event log exactly once: markers, features, dead letters and offset in one transaction. */

import type { Deadline } from "../../core/deadline.ts";
import { failpoint } from "../../core/failpoint.ts";
import type { Assignment, ChunkEntry, ChunkResult, ConsumerStore } from "../../events/ports.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { beginAttempt, clearAttempts, countAttempt, interruptedOffsets } from "./consumer-retry.ts";
import { type Origin, storeDeadLetters } from "./dead-letter.ts";
import { readDlqSnapshot } from "./dlq-snapshot.ts";
import { addExposures } from "./exposure.ts";
import { applyInteractions } from "./feature-fold.ts";
import type { Pool, Transaction } from "./pool-types.ts";

export interface ConsumerStoreOptions {
  readonly pool: Pool;
  /** Items kept per user. */
  readonly historySize: number;
  readonly origin: Origin;
}

type Effect = Extract<ChunkEntry, { kind: "watch" | "impression" }>;
type Status = ChunkResult["statuses"][number];

/** Rolls the transaction back; never leaves this file. */
class FencedError extends Error {
  override name = "FencedError";
}

export function createConsumerStore(options: ConsumerStoreOptions): ConsumerStore {
  const { pool } = options;
  return {
    takeOver: (consumer, assignment, deadline) => takeOver(pool, consumer, assignment, deadline),
    rewind: (consumer, assignment, deadline) => rewind(pool, consumer, assignment, deadline),
    interrupted: (assignment, deadline) => interruptedOffsets(pool, assignment, deadline),
    beginAttempt: (record, deadline) => beginAttempt(pool, record, deadline),
    countAttempt: (record, error, deadline) => countAttempt(pool, record, error, deadline),
    dlqSnapshot: (deadline) => readDlqSnapshot(pool, deadline),
    async applyChunk(consumer, assignment, entries, nextOffset, deadline) {
      try {
        return await pool.transaction("write", deadline, (tx) =>
          applyChunk(tx, options, { consumer, assignment, entries, nextOffset }),
        );
      } catch (error) {
        if (error instanceof FencedError) return "fenced";
        throw error;
      }
    },
  };
}

/** Raising the stored generation fences the previous owner before its next commit, not after the first one of ours. */
function takeOver(pool: Pool, consumer: string, assignment: Assignment, deadline: Deadline) {
  const { topic, topicId, partition, generation } = assignment;
  return pool.use("write", deadline, async (sql) => {
    const [row] = await sql<{ nextOffset: bigint }[]>`
      insert into consumer_offset as o (consumer, topic, topic_id, partition, generation)
      values (${consumer}, ${topic}, ${topicId}, ${partition}, ${generation})
      on conflict (consumer, topic, topic_id, partition) do update set generation = excluded.generation
        where o.generation <= excluded.generation
      returning next_offset as "nextOffset"`;
    if (!row) return "fenced" as const;
    return row.nextOffset === 0n ? null : row.nextOffset;
  });
}

async function rewind(
  pool: Pool,
  consumer: string,
  assignment: Assignment,
  deadline: Deadline,
): Promise<void> {
  const { topic, topicId, partition, generation } = assignment;
  await pool.use("write", deadline, async (sql) => {
    await sql`
      update consumer_offset set next_offset = 0
      where consumer = ${consumer} and topic = ${topic} and topic_id = ${topicId} and partition = ${partition}
        and generation = ${generation}`;
  });
}

interface Chunk {
  readonly consumer: string;
  readonly assignment: Assignment;
  readonly entries: readonly ChunkEntry[];
  readonly nextOffset: bigint;
}

async function applyChunk(
  tx: Transaction,
  options: ConsumerStoreOptions,
  chunk: Chunk,
): Promise<ChunkResult> {
  const { assignment, entries, nextOffset } = chunk;
  const fresh = await insertMarkers(tx, entries.filter(isEffect));
  const watches = fresh.filter((entry) => entry.kind === "watch");
  const { applied, changed } = await applyInteractions(
    tx,
    watches.map(({ interaction }) => interaction),
    options.historySize,
  );
  const known = new Set(watches.filter((_, index) => !applied[index]));
  await Promise.all([
    addExposures(
      tx,
      fresh.flatMap((entry) => (entry.kind === "impression" ? entry.items : [])),
    ),
    storeDeadLetters(
      tx,
      entries.flatMap((entry) => (entry.kind === "dead" ? [entry.letter] : [])),
      options.origin,
    ),
    clearAttempts(tx, assignment, nextOffset),
  ]);
  await failpoint("consumer.in_transaction");
  await moveOffset(tx, chunk);
  const isFresh = new Set<ChunkEntry>(fresh.filter((entry) => entry.kind !== "watch" || !known.has(entry)));
  return { statuses: entries.map((entry) => statusOf(entry, isFresh)), changed };
}

const isEffect = (entry: ChunkEntry): entry is Effect =>
  entry.kind === "watch" || entry.kind === "impression";

function statusOf(entry: ChunkEntry, fresh: ReadonlySet<ChunkEntry>): Status {
  if (entry.kind === "ignored") return "ignored";
  if (entry.kind === "dead") return "dlq";
  return fresh.has(entry) ? "processed" : "duplicate";
}

/** Answers the entries whose event was never consumed before: of equal ones in the chunk the first. */
async function insertMarkers(tx: Transaction, entries: readonly Effect[]): Promise<Effect[]> {
  if (entries.length === 0) return [];
  const firsts = new Map<string, Effect>();
  for (const entry of entries) if (!firsts.has(entry.streamEventId)) firsts.set(entry.streamEventId, entry);
  // In id order, so that two transactions that meet the same events cannot deadlock.
  const sorted = [...firsts.values()].sort((a, b) => (a.streamEventId < b.streamEventId ? -1 : 1));
  const inserted = await tx<{ id: string }[]>`
    insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset)
    select * from unnest(
      ${textArray(sorted.map(({ streamEventId }) => streamEventId))}::text[],
      ${textArray(sorted.map(({ record }) => record.topic))}::text[],
      ${numberArray(sorted.map(({ record }) => record.partition))}::int[],
      ${numberArray(sorted.map(({ record }) => record.offset))}::bigint[]
    )
    on conflict do nothing
    returning stream_event_id as id`;
  const ids = new Set(inserted.map(({ id }) => id));
  return [...firsts.values()].filter(({ streamEventId }) => ids.has(streamEventId));
}

async function moveOffset(tx: Transaction, { consumer, assignment, nextOffset }: Chunk): Promise<void> {
  const { topic, topicId, partition, generation } = assignment;
  const moved = await tx`
    update consumer_offset set next_offset = ${nextOffset}, generation = ${generation}
    where consumer = ${consumer} and topic = ${topic} and topic_id = ${topicId} and partition = ${partition}
      and generation <= ${generation} and next_offset <= ${nextOffset}`;
  if (moved.count !== 1) throw new FencedError("the partition has a newer owner");
}
