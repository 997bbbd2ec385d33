/**
 * Replays dead letters, each with a lease of its own.
 *
 * A row is free, or leased to one replayer until `replay_lease_until`. `take` leases a free row and raises its
 * generation; `settle` and `fail` end the lease and change nothing for a replayer of an older generation. The effect
 * and the mark of a row are one transaction: a replayer that dies leaves a row that was not touched and is free again
 * when its lease ends.
 */

import type { Deadline } from "../../core/deadline.ts";
import type { LogRecord } from "../../events/ports.ts";
import { textArray } from "./array-literal.ts";
import { appendAudit } from "./audit-log.ts";
import { applyEffects, type Effect } from "./consumer-effects.ts";
import { cleanError } from "./dead-letter.ts";
import type { Pool, Transaction } from "./pool-types.ts";

export interface DeadLetterFilter {
  readonly statuses: readonly ("pending" | "replayed")[];
  /** Null: any. */
  readonly topic: string | null;
  /** Rows at most, the lowest ids first. */
  readonly limit: number;
}

export interface DeadLetter {
  readonly id: bigint;
  /** The record as it failed. */
  readonly record: LogRecord;
  readonly status: "pending" | "replayed";
  readonly generation: number;
  /** A replay brought its effect in: true for ever, also where the event's marker has ended. */
  readonly wasApplied: boolean;
}

/** `held`: another replayer has the lease. `gone`: somebody replayed it since it was listed. */
export type Taken =
  | { readonly kind: "taken"; readonly generation: number }
  | { readonly kind: "held" | "gone" };

export interface DeadLetterReplays {
  list(filter: DeadLetterFilter, deadline: Deadline): Promise<readonly DeadLetter[]>;
  take(letter: DeadLetter, leaseMs: number, deadline: Deadline): Promise<Taken>;
  /** Applies the event once and marks the row replayed. `fenced`: the lease went to another replayer; nothing changed. */
  settle(
    letter: DeadLetter,
    generation: number,
    effect: Effect,
    deadline: Deadline,
  ): Promise<"processed" | "duplicate" | "fenced">;
  /** Leaves the row pending with the error. */
  fail(
    letter: DeadLetter,
    generation: number,
    error: string,
    deadline: Deadline,
  ): Promise<"noted" | "fenced">;
}

export interface DeadLetterReplaysOptions {
  readonly pool: Pool;
  /** Items kept per user. */
  readonly historySize: number;
  /** Who replays, for the rows and the audit log. */
  readonly actor: string;
}

export function createDeadLetterReplays(options: DeadLetterReplaysOptions): DeadLetterReplays {
  const { pool } = options;
  return {
    list: (filter, deadline) => list(pool, filter, deadline),
    take: (letter, leaseMs, deadline) => take(pool, letter, leaseMs, deadline),
    settle: (letter, generation, effect, deadline) =>
      unlessFenced(
        (work) => pool.transaction("write", deadline, work),
        (tx) => settle(tx, options, { letter, generation, effect }),
      ),
    fail: (letter, generation, error, deadline) =>
      unlessFenced(
        (work) => pool.transaction("write", deadline, work),
        (tx) => fail(tx, options, { letter, generation, error }),
      ),
  };
}

/** Rolls the transaction back; never leaves this file. */
class FencedError extends Error {
  override name = "FencedError";
}

async function unlessFenced<T>(
  transaction: (work: (tx: Transaction) => Promise<T>) => Promise<T>,
  work: (tx: Transaction) => Promise<T>,
): Promise<T | "fenced"> {
  try {
    return await transaction(work);
  } catch (error) {
    if (error instanceof FencedError) return "fenced";
    throw error;
  }
}

interface LetterRow {
  readonly id: bigint;
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly payload: string;
  readonly rawValue: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly timestampMs: number;
  readonly status: DeadLetter["status"];
  readonly generation: number;
  readonly wasApplied: boolean;
}

/** Along idx_feature_consumer_dlq_status_id or, for one topic, idx_feature_consumer_dlq_topic_status. */
function list(pool: Pool, { statuses, topic, limit }: DeadLetterFilter, deadline: Deadline) {
  return pool.use("read", deadline, async (sql) => {
    const rows = await sql<LetterRow[]>`
      select id, source_topic as topic, topic_id as "topicId", source_partition as partition, source_offset as "offset",
        kafka_key as key, payload::text as payload, raw_value as "rawValue", headers,
        coalesce(extract(epoch from source_ts) * 1000, 0)::float8 as "timestampMs",
        status, replay_generation as generation, replayed_at is not null as "wasApplied"
      from feature_consumer_dlq
      where status = any(${textArray(statuses)}::text[]) and (${topic}::text is null or source_topic = ${topic})
      order by id limit ${limit}`;
    return rows.map(toLetter);
  });
}

function toLetter(row: LetterRow): DeadLetter {
  const { id, topic, topicId, partition, offset, key, payload, rawValue, headers, timestampMs } = row;
  const { status, generation, wasApplied } = row;
  // A value that is no JSON object was wrapped for the payload and kept as it came beside it.
  const value = rawValue ?? Buffer.from(payload, "utf8");
  const record: LogRecord = {
    ...{ topic, topicId, partition, offset, timestampMs, value },
    key: Buffer.from(key, "utf8"),
    headers: headers ?? {},
  };
  return { id, record, status, generation, wasApplied };
}

function take(
  pool: Pool,
  { id, status, generation }: DeadLetter,
  leaseMs: number,
  deadline: Deadline,
): Promise<Taken> {
  return pool.use("write", deadline, async (sql) => {
    const [taken] = await sql<{ generation: number }[]>`
      update feature_consumer_dlq
      set replay_generation = replay_generation + 1,
        replay_lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
      where id = ${id} and status = ${status} and replay_generation = ${generation}
        and (replay_lease_until is null or replay_lease_until <= clock_timestamp())
      returning replay_generation as generation`;
    if (taken) return { kind: "taken", generation: taken.generation };
    const held = await sql`
      select from feature_consumer_dlq
      where id = ${id} and status = ${status} and replay_generation = ${generation}
        and replay_lease_until is not null`;
    return { kind: held.count > 0 ? "held" : "gone" };
  });
}

interface Settlement {
  readonly letter: DeadLetter;
  readonly generation: number;
  readonly effect: Effect;
}

async function settle(
  tx: Transaction,
  { historySize, actor }: DeadLetterReplaysOptions,
  { letter, generation, effect }: Settlement,
): Promise<"processed" | "duplicate"> {
  const isFresh = !letter.wasApplied && (await applyEffects(tx, [effect], historySize)).fresh.has(effect);
  const marked = await tx`
    update feature_consumer_dlq
    set status = 'replayed', replay_count = replay_count + 1, replayed_at = now(), last_replay_error = null,
      resolved_by = ${actor}, replay_lease_until = null, updated_at = now()
    where id = ${letter.id} and replay_generation = ${generation}`;
  if (marked.count !== 1) throw new FencedError("another replayer has the row");
  const outcome = isFresh ? "processed" : "duplicate";
  await appendAudit(tx, auditEntry(actor, letter, outcome));
  return outcome;
}

interface Failure {
  readonly letter: DeadLetter;
  readonly generation: number;
  readonly error: string;
}

async function fail(
  tx: Transaction,
  { actor }: DeadLetterReplaysOptions,
  { letter, generation, error }: Failure,
): Promise<"noted"> {
  const marked = await tx`
    update feature_consumer_dlq
    set status = 'pending', replay_count = replay_count + 1, last_replay_error = ${cleanError(error)},
      replay_lease_until = null, updated_at = now()
    where id = ${letter.id} and replay_generation = ${generation}`;
  if (marked.count !== 1) throw new FencedError("another replayer has the row");
  await appendAudit(tx, auditEntry(actor, letter, "failed"));
  return "noted";
}

const auditEntry = (actor: string, { id }: DeadLetter, result: string) => ({
  actor,
  action: "dlq.replay",
  object: `feature_consumer_dlq:${id}`,
  result,
});
