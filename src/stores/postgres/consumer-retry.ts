/** Counts attempts at single records in a table, so that the counters survive the process. */

import type { Deadline } from "../../core/deadline.ts";
import type { Assignment, RecordPlace } from "../../events/ports.ts";
import type { Pool, Transaction } from "./pool-types.ts";

const MAX_ERROR_LENGTH = 4000;

/** Offsets whose processing was begun and neither committed nor counted as failed. */
export function interruptedOffsets(
  pool: Pool,
  { topic, topicId, partition }: Assignment,
  deadline: Deadline,
): Promise<readonly bigint[]> {
  return pool.use("write", deadline, async (sql) => {
    const rows = await sql<{ offset: bigint }[]>`
      select "offset" from consumer_retry
      where topic = ${topic} and topic_id = ${topicId} and partition = ${partition} and in_progress_since is not null
      order by "offset"`;
    return rows.map(({ offset }) => offset);
  });
}

export async function beginAttempt(pool: Pool, record: RecordPlace, deadline: Deadline): Promise<void> {
  const { topic, topicId, partition, offset } = record;
  await pool.use("write", deadline, async (sql) => {
    await sql`
      insert into consumer_retry (topic, topic_id, partition, "offset", in_progress_since)
      values (${topic}, ${topicId}, ${partition}, ${offset}, now())
      on conflict (topic, topic_id, partition, "offset") do update set in_progress_since = now()`;
  });
}

/** Counts one failed attempt and answers how many there were. */
export function countAttempt(
  pool: Pool,
  record: RecordPlace,
  error: string,
  deadline: Deadline,
): Promise<number> {
  const { topic, topicId, partition, offset } = record;
  const lastError = error.replaceAll("\u0000", "\ufffd").toWellFormed().slice(0, MAX_ERROR_LENGTH);
  return pool.use("write", deadline, async (sql) => {
    const [row] = await sql<{ attempts: number }[]>`
      insert into consumer_retry as r (topic, topic_id, partition, "offset", attempts, last_error)
      values (${topic}, ${topicId}, ${partition}, ${offset}, 1, ${lastError})
      on conflict (topic, topic_id, partition, "offset") do update set
        attempts = r.attempts + 1, last_error = excluded.last_error, next_at = now(), in_progress_since = null
      returning attempts`;
    return row?.attempts ?? 1;
  });
}

/** Forgets the attempts at records that are done. */
export async function clearAttempts(
  tx: Transaction,
  { topic, topicId, partition }: Assignment,
  nextOffset: bigint,
): Promise<void> {
  await tx`
    delete from consumer_retry
    where topic = ${topic} and topic_id = ${topicId} and partition = ${partition} and "offset" < ${nextOffset}`;
}
