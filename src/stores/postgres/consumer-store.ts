/** Applies chunks of the event log exactly once: markers, features, dead letters and offset in one transaction. */

import type { Deadline } from "../../core/deadline.ts";
import { failpoint } from "../../core/failpoint.ts";
import type { Assignment, ChunkEntry, ChunkResult, ConsumerStore } from "../../events/ports.ts";
import { applyEffects, type Effect } from "./consumer-effects.ts";
import { beginAttempt, clearAttempts, countAttempt, interruptedOffsets } from "./consumer-retry.ts";
import { type Origin, storeDeadLetters } from "./dead-letter.ts";
import { readDlqSnapshot } from "./dlq-snapshot.ts";
import type { Pool, Transaction } from "./pool-types.ts";
import { sentTogether } from "./sent-together.ts";

export interface ConsumerStoreOptions {
  readonly pool: Pool;
  /** Items kept per user. */
  readonly historySize: number;
  readonly origin: Origin;
}

type Status = ChunkResult["statuses"][number];

/** Rolls the transaction back; never leaves this file. */
class FencedError extends Error {
  override name = "FencedError";
}

export function createConsumerStore(options: ConsumerStoreOptions): ConsumerStore {
  const { pool } = options;
  /** The offsets that the server has told or confirmed, by partition. */
  const confirmed = new Map<string, bigint>();
  return {
    async takeOver(consumer, assignment, deadline) {
      const stored = await takeOver(pool, consumer, assignment, deadline);
      if (stored !== "fenced") confirmed.set(partitionName(assignment), stored ?? 0n);
      return stored;
    },
    async rewind(consumer, assignment, deadline) {
      await rewind(pool, consumer, assignment, deadline);
      confirmed.set(partitionName(assignment), 0n);
    },
    interrupted: (assignment, deadline) => interruptedOffsets(pool, assignment, deadline),
    beginAttempt: (record, deadline) => beginAttempt(pool, record, deadline),
    countAttempt: (record, error, deadline) => countAttempt(pool, record, error, deadline),
    dlqSnapshot: (deadline) => readDlqSnapshot(pool, deadline),
    async applyChunk(consumer, assignment, entries, nextOffset, deadline) {
      const atLeast = confirmed.get(partitionName(assignment)) ?? 0n;
      try {
        const result = await pool.transaction("write", deadline, (tx) =>
          applyChunk(tx, options, { consumer, assignment, entries, atLeast, nextOffset }),
        );
        confirmed.set(partitionName(assignment), nextOffset);
        return result;
      } catch (error) {
        if (error instanceof FencedError) return "fenced";
        throw error;
      }
    },
  };
}

const partitionName = ({ topic, topicId, partition }: Assignment) => `${topic}/${topicId}/${partition}`;

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
  /** A server that knows of less has lost chunks: their records have to be read again. */
  readonly atLeast: bigint;
  readonly nextOffset: bigint;
}

async function applyChunk(
  tx: Transaction,
  options: ConsumerStoreOptions,
  chunk: Chunk,
): Promise<ChunkResult> {
  const { assignment, entries, nextOffset } = chunk;
  const [, { fresh, changed }] = await sentTogether([
    commitWithoutFlush(tx),
    applyEffects(tx, entries.filter(isEffect), options.historySize),
  ]);
  await sentTogether([
    storeDeadLetters(
      tx,
      entries.flatMap((entry) => (entry.kind === "dead" ? [entry.letter] : [])),
      options.origin,
    ),
    clearAttempts(tx, assignment, nextOffset),
  ]);
  await failpoint("consumer.in_transaction");
  await moveOffset(tx, chunk);
  return { statuses: entries.map((entry) => statusOf(entry, fresh)), changed };
}

/**
 * A crash of the store may then lose the newest chunks, each whole: its effects and its offset go together, and the log
 * still holds its records (docs/adr/0011). Nothing else waits for the disk while the rows of popular items are locked.
 */
async function commitWithoutFlush(tx: Transaction): Promise<void> {
  await tx`set local synchronous_commit = off`;
}

const isEffect = (entry: ChunkEntry): entry is Effect =>
  entry.kind === "watch" || entry.kind === "impression";

function statusOf(entry: ChunkEntry, fresh: ReadonlySet<ChunkEntry>): Status {
  if (entry.kind === "ignored") return "ignored";
  if (entry.kind === "dead") return "dlq";
  return fresh.has(entry) ? "processed" : "duplicate";
}

async function moveOffset(tx: Transaction, chunk: Chunk): Promise<void> {
  const { consumer, assignment, atLeast, nextOffset } = chunk;
  const { topic, topicId, partition, generation } = assignment;
  const moved = await tx`
    update consumer_offset set next_offset = ${nextOffset}, generation = ${generation}
    where consumer = ${consumer} and topic = ${topic} and topic_id = ${topicId} and partition = ${partition}
      and generation <= ${generation} and next_offset between ${atLeast} and ${nextOffset}`;
  if (moved.count !== 1) throw new FencedError("the partition has a newer owner, or the server lost chunks");
}
