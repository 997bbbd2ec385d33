/** Deletes what has been kept long enough, in batches that never hold anybody up. */

import type { Deadline } from "../../core/deadline.ts";
import { daysMs, deleteInBatches, hoursMs } from "./maintenance-batch.ts";
import { purgeFacts } from "./maintenance-facts.ts";
import { purgeEventLog } from "./maintenance-log.ts";
import { purgeOutbox } from "./maintenance-outbox.ts";
import type { Pool } from "./pool-types.ts";
import { dropOldSlates } from "./slate-partitions.ts";
import { refreshTrendingScores } from "./trending-scores.ts";

export interface MaintenanceTask {
  /** Label of the task's metrics. */
  readonly name: string;
  /** Works until nothing is left or the deadline passes, and answers the number of rows deleted. Throws store errors. */
  run(pool: Pool, deadline: Deadline): Promise<number>;
}

/** The part of the configuration that says how long what is kept. */
export interface RetentionSettings {
  readonly outbox: { readonly retentionHours: number };
  readonly ingest: { readonly maxEventAgeMs: number; readonly maxEventFutureMs: number };
  readonly eventLog: { readonly retentionHours: number };
  /** 0 fact days: for ever. */
  readonly retention: {
    readonly consumedDays: number;
    readonly dlqDays: number;
    readonly factDays: number;
    readonly slateDays: number;
  };
}

/** After that no event is accepted any more that the ledger could still have to recognise. */
export const ledgerKeepMs = ({ maxEventAgeMs, maxEventFutureMs }: RetentionSettings["ingest"]) =>
  maxEventAgeMs + maxEventFutureMs + hoursMs(24);

/** Everything that grows with traffic; run by one node at a time. */
export function maintenanceTasks(config: RetentionSettings): readonly MaintenanceTask[] {
  const { outbox, ingest, retention, eventLog } = config;
  const ledgerMs = ledgerKeepMs(ingest);
  const factMs = daysMs(retention.factDays);
  return [
    {
      name: "event_outbox",
      run: (pool, deadline) => purgeOutbox(pool, hoursMs(outbox.retentionHours), deadline),
    },
    { name: "ingested_event", run: (pool, deadline) => purgeLedger(pool, ledgerMs, deadline) },
    {
      name: "feature_event_consumed",
      run: (pool, deadline) =>
        purgeConsumed(
          pool,
          daysMs(retention.consumedDays),
          hoursMs(eventLog.retentionHours) + hoursMs(24),
          deadline,
        ),
    },
    {
      name: "feature_consumer_dlq",
      run: (pool, deadline) => purgeReplayed(pool, daysMs(retention.dlqDays), deadline),
    },
    {
      name: "event_log",
      run: (pool, deadline) => purgeEventLog(pool, hoursMs(eventLog.retentionHours), deadline),
    },
    { name: "trending_scores", run: refreshTrendingScores },
    {
      name: "served_slates",
      run: (pool, deadline) => dropOldSlates(pool, daysMs(retention.slateDays), deadline),
    },
    ...(retention.factDays > 0
      ? [{ name: "facts", run: (pool: Pool, deadline: Deadline) => purgeFacts(pool, factMs, deadline) }]
      : []),
  ];
}

/** Partition by partition, each along its block-range index on received_at. */
async function purgeLedger(pool: Pool, keepMs: number, deadline: Deadline): Promise<number> {
  const partitions = await pool.use("write", deadline, async (sql) => {
    const rows = await sql<{ name: string }[]>`
      select inhrelid::regclass::text as name from pg_inherits where inhparent = 'ingested_event'::regclass`;
    return rows.map(({ name }) => name);
  });
  let deleted = 0;
  for (const partition of partitions) {
    deleted += await deleteInBatches(pool, deadline, (sql, limit) => {
      const table = sql.unsafe(partition);
      return sql`
        delete from ${table} where ctid = any(array(
          select ctid from ${table} where received_at < now() - make_interval(secs => ${keepMs / 1000}) limit ${limit}
        ))`;
    });
  }
  return deleted;
}

/**
 * Markers of events that a replay may bring again are kept: those from `beforeReplayMs` before the oldest dead letter
 * or dead outbox row on, and those whose outbox row is still there, because it was sent again.
 */
function purgeConsumed(
  pool: Pool,
  keepMs: number,
  beforeReplayMs: number,
  deadline: Deadline,
): Promise<number> {
  return deleteInBatches(
    pool,
    deadline,
    (sql, limit) => sql`
      with replayable as (
        select least(
          (select min(first_failed_at) from feature_consumer_dlq where status = 'pending'),
          (select min(created_at) from event_outbox where status = 'dead')
        ) - make_interval(secs => ${beforeReplayMs / 1000}) as since
      )
      delete from feature_event_consumed where ctid = any(array(
        select ctid from feature_event_consumed c
        where consumed_at < least(now() - make_interval(secs => ${keepMs / 1000}), (select since from replayable))
          and not exists (
            select from event_outbox o
            where o.event_id = substr(c.stream_event_id, strpos(c.stream_event_id, '-') + 1)
              and o.event_type = split_part(c.stream_event_id, '-', 1)
            offset 0
          )
        order by consumed_at limit ${limit}
      ))`,
  );
}

function purgeReplayed(pool: Pool, keepMs: number, deadline: Deadline): Promise<number> {
  return deleteInBatches(
    pool,
    deadline,
    (sql, limit) => sql`
      delete from feature_consumer_dlq where id = any(array(
        select id from feature_consumer_dlq
        where status = 'replayed' and replayed_at < now() - make_interval(secs => ${keepMs / 1000})
        order by id limit ${limit}
      ))`,
  );
}
