/** Appends to the embedded log: dense offsets, visible only when committed. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError, StoreDataError, StoreUnavailableError } from "../../core/errors.ts";
import { newUuidHex } from "../../core/ids.ts";
import type { Random } from "../../core/random.ts";
import { partitionFor } from "../../events/partitioner.ts";
import type { EventLogProducer, ProduceRecord, ProduceResult } from "../../events/ports.ts";
import { numberArray, textArray } from "../postgres/array-literal.ts";
import type { Pool } from "../postgres/pool-types.ts";

/** Kafka's default limit of a message. */
export const MAX_RECORD_BYTES = 1_048_576;
const TOPIC_TIMEOUT_MS = 5_000;
/** Kafka's rule for topic names. */
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

interface Placed {
  readonly record: ProduceRecord;
  readonly partition: number;
}

type Failure = Exclude<ProduceResult, { status: "acked" }>;

export class EmbeddedProducer implements EventLogProducer {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Partition counts by topic, as last seen. */
  readonly #partitions = new Map<string, number>();

  constructor(pool: Pool, clock: Clock, random: Random) {
    this.#pool = pool;
    this.#clock = clock;
    this.#random = random;
  }

  async ensureTopic(topic: string, partitions: number): Promise<void> {
    if (!TOPIC_NAME.test(topic)) throw new TypeError(`not a topic name: ${topic}`);
    await this.#pool.transaction("write", Deadline.after(TOPIC_TIMEOUT_MS, this.#clock), async (tx) => {
      await tx`
        insert into event_log_topic (topic, topic_id, partitions)
        values (${topic}, ${newUuidHex(this.#clock, this.#random)}, ${partitions}) on conflict do nothing`;
      await tx`
        insert into event_log_partition (topic, partition)
        select topic, generate_series(0, partitions - 1) from event_log_topic where topic = ${topic}
        on conflict do nothing`;
    });
  }

  async produce(records: readonly ProduceRecord[], deadline: Deadline): Promise<readonly ProduceResult[]> {
    const refused = new Map<ProduceRecord, Failure>();
    for (const record of records) {
      const failure = refusalOf(record);
      if (failure) refused.set(record, failure);
    }
    const outcome = await this.#append(
      records.filter((record) => !refused.has(record)),
      deadline,
    );
    return records.map((record) => refused.get(record) ?? outcome.get(record) ?? { status: "acked" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Holds nothing of its own: the pool belongs to the actor.
  }

  /** Appends all in one transaction; answers the records that failed. */
  async #append(
    records: readonly ProduceRecord[],
    deadline: Deadline,
  ): Promise<ReadonlyMap<ProduceRecord, Failure>> {
    const failAll = (list: readonly ProduceRecord[], failure: Failure) =>
      new Map(list.map((record) => [record, failure]));
    if (records.length === 0) return new Map();
    try {
      await this.#learnPartitions(records, deadline);
      const placed = records.flatMap((record): Placed[] => {
        const partitions = this.#partitions.get(record.topic);
        return partitions ? [{ record, partition: partitionFor(record.key, partitions) }] : [];
      });
      const missing = records.filter(({ topic }) => !this.#partitions.has(topic));
      const appended = await appendBatch(this.#pool, placed, deadline);
      if (appended === placed.length) {
        return failAll(missing, { status: "failed", class: "retryable", error: "unknown topic" });
      }
      this.#partitions.clear();
      return failAll(records, { status: "failed", class: "retryable", error: "the topic was recreated" });
    } catch (error) {
      return failAll(records, failureOf(error));
    }
  }

  async #learnPartitions(records: readonly ProduceRecord[], deadline: Deadline): Promise<void> {
    const unknown = [...new Set(records.map(({ topic }) => topic))].filter(
      (topic) => !this.#partitions.has(topic),
    );
    if (unknown.length === 0) return;
    await this.#pool.use("write", deadline, async (sql) => {
      const topics = await sql<{ topic: string; partitions: number }[]>`
        select topic, partitions from event_log_topic where topic = any(${textArray(unknown)}::text[])`;
      for (const { topic, partitions } of topics) this.#partitions.set(topic, partitions);
    });
  }
}

/**
 * One statement: locks the partition rows in order, moves their ends, inserts the rows. Answers the rows inserted:
 * all, or none when a partition is missing. Readers of a partition never see an offset before all lower ones,
 * because the lock is held until the commit.
 */
function appendBatch(pool: Pool, placed: readonly Placed[], deadline: Deadline): Promise<number> {
  if (placed.length === 0) return Promise.resolve(0);
  const hex = (bytes: Uint8Array) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return pool.use("write", deadline, async (sql) => {
    const inserted = await sql`
      with batch as (
        select b.*, row_number() over (partition by topic, partition order by ordinal) - 1 as place
        from unnest(
          ${textArray(placed.map(({ record }) => record.topic))}::text[],
          ${numberArray(placed.map(({ partition }) => partition))}::int[],
          ${textArray(placed.map(({ record }) => hex(Buffer.from(record.key, "utf8"))))}::text[],
          ${textArray(placed.map(({ record }) => hex(record.value)))}::text[],
          ${textArray(placed.map(({ record }) => JSON.stringify(record.headers)))}::text[]
        ) with ordinality as b (topic, partition, key, value, headers, ordinal)
      ),
      wanted as (select topic, partition, count(*) as records from batch group by topic, partition),
      head as (
        select p.topic, p.partition, p.next_offset, w.records
        from event_log_partition p join wanted w on w.topic = p.topic and w.partition = p.partition
        order by p.topic, p.partition for update of p
      ),
      complete as (select (select count(*) from head) = (select count(*) from wanted) as yes),
      moved as (
        update event_log_partition p set next_offset = h.next_offset + h.records
        from head h, complete c where c.yes and p.topic = h.topic and p.partition = h.partition
      )
      insert into event_log (topic, partition, "offset", key, value, headers, ts)
      select b.topic, b.partition, h.next_offset + b.place, decode(b.key, 'hex'), decode(b.value, 'hex'),
        b.headers::jsonb, clock_timestamp()
      from batch b join head h on h.topic = b.topic and h.partition = b.partition, complete c
      where c.yes`;
    return inserted.count;
  });
}

function refusalOf({ topic, value }: ProduceRecord): Failure | null {
  if (!TOPIC_NAME.test(topic)) return { status: "failed", class: "fatal", error: `invalid_topic: ${topic}` };
  if (value.byteLength <= MAX_RECORD_BYTES) return null;
  return {
    status: "failed",
    class: "too_large",
    error: `${value.byteLength} bytes are more than the ${MAX_RECORD_BYTES} of the log`,
  };
}

/** `timeout` and `connect` may come after the commit. */
function failureOf(thrown: unknown): Failure {
  const error = asError(thrown);
  if (error instanceof StoreDataError) return { status: "failed", class: "fatal", error: error.message };
  if (error instanceof StoreUnavailableError && error.reason !== "timeout" && error.reason !== "connect") {
    return { status: "failed", class: "retryable", error: error.message };
  }
  return { status: "unknown", error: error.message };
}
