/** Puts outbox rows back to pending, so that the relay publishes them again. */

import type { Deadline } from "../../core/deadline.ts";
import { appendAudit } from "./audit-log.ts";
import type { Connection, Pool, Transaction } from "./pool-types.ts";

export interface RequeueFilter {
  readonly status: "dead" | "published" | "all";
  /** Null: any. */
  readonly topic: string | null;
  /** Only rows created at or after this time; null: no limit. */
  readonly sinceMs: number | null;
  /** Only rows created before this time; null: no limit. */
  readonly untilMs: number | null;
  /** Rows at most, the lowest ids first. */
  readonly limit: number;
}

/** Ids of the rows that a requeue would take now, ascending. */
export function requeueable(
  pool: Pool,
  filter: RequeueFilter,
  deadline: Deadline,
): Promise<readonly bigint[]> {
  return pool.use("read", deadline, async (sql) => idsOf(await sql<IdRow[]>`${chosen(sql, filter)}`));
}

/**
 * Requeues in one transaction with its audit row, and answers the ids, ascending. Rows that left published leave the
 * published counter in the same statement. A row that another transaction works on is left out.
 */
export function requeue(
  pool: Pool,
  filter: RequeueFilter,
  actor: string,
  deadline: Deadline,
): Promise<readonly bigint[]> {
  return pool.transaction("write", deadline, async (tx) => {
    // Counters are written in the order of partitions, as marks do, so that the two cannot deadlock.
    const rows = await tx<IdRow[]>`
      with chosen as materialized (${chosen(tx, filter)} for update skip locked),
      requeued as (
        update event_outbox o set
          status = 'pending', published_at = null, next_attempt_at = now(), lease_expires_at = null,
          attempt_count = 0, last_error = null, updated_at = now(),
          headers = coalesce(o.headers, '{}') || '{"x-replay": "1"}'
        from chosen c where o.id = c.id
        returning o.id, o.partition, c.status as was
      ),
      uncounted as (
        insert into outbox_counter as c (partition, published)
        select partition, -count(*) from requeued where was = 'published' group by partition order by partition
        on conflict (partition) do update set published = c.published + excluded.published
      )
      select id from requeued order by id`;
    const ids = idsOf(rows);
    await appendAudit(tx, {
      actor,
      action: "outbox.requeue",
      object: JSON.stringify(filter),
      result: `requeued ${ids.length}`,
    });
    return ids;
  });
}

type IdRow = { readonly id: bigint };

const idsOf = (rows: readonly IdRow[]) => rows.map(({ id }) => id);

/** Statuses stand as literals, so that the partial index on dead rows can serve. */
function chosen(sql: Connection | Transaction, { status, topic, sinceMs, untilMs, limit }: RequeueFilter) {
  const statuses = {
    dead: sql`status = 'dead'`,
    published: sql`status = 'published'`,
    all: sql`status in ('dead', 'published')`,
  };
  return sql`
    select id, status from event_outbox
    where ${statuses[status]}
      and (${topic}::text is null or kafka_topic = ${topic})
      and (${sinceMs}::float8 is null or created_at >= to_timestamp(${sinceMs}::float8 / 1000))
      and (${untilMs}::float8 is null or created_at < to_timestamp(${untilMs}::float8 / 1000))
    order by id limit ${limit}`;
}
