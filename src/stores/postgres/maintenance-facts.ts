/** Deletes facts that are older than their retention. */

import type { Deadline } from "../../core/deadline.ts";
import { daysMs, deleteInBatches } from "./maintenance-batch.ts";
import type { Pool } from "./pool-types.ts";

/** Features fold over `events` of at least this time, so they are never deleted earlier. */
export const MIN_EVENTS_DAYS = 31;
/** An event time may lie this far behind or before its arrival, which bounds the part of the time index to look at. */
const ARRIVAL_SLACK_MS = daysMs(1);
/** The oldest arrivals that one statement looks at. */
const SCANNED_ROWS = 20_000;

/** Impressions and watches by arrival, events by event time. */
export async function purgeFacts(pool: Pool, keepMs: number, deadline: Deadline): Promise<number> {
  const impressions = await purgeLogFacts(pool, "impressions", keepMs, deadline);
  const watches = await purgeLogFacts(pool, "watches", keepMs, deadline);
  const events = await purgeEvents(pool, Math.max(keepMs, daysMs(MIN_EVENTS_DAYS)), deadline);
  return impressions + watches + events;
}

/** Along the index on ts_ms: what arrived before the limit happened before the limit, give or take a fast clock. */
function purgeLogFacts(
  pool: Pool,
  name: "impressions" | "watches",
  keepMs: number,
  deadline: Deadline,
): Promise<number> {
  return deleteInBatches(pool, deadline, (sql, limit) => {
    const table = sql.unsafe(name);
    return sql`
      delete from ${table} where ctid = any(array(
        select ctid from ${table}
        where ts_ms < (extract(epoch from now()) * 1000)::bigint - ${keepMs - ARRIVAL_SLACK_MS}::bigint
          and created_at < now() - make_interval(secs => ${keepMs / 1000})
        order by ts_ms limit ${limit}
      ))`;
  });
}

/** `events` has no index on time alone; its rows arrive roughly in time order, so the lowest ids are the oldest. */
function purgeEvents(pool: Pool, keepMs: number, deadline: Deadline): Promise<number> {
  return deleteInBatches(
    pool,
    deadline,
    (sql, limit) => sql`
      delete from events where id = any(array(
        select id from (select id, ts from events order by id limit ${SCANNED_ROWS}) oldest
        where ts < now() - make_interval(secs => ${keepMs / 1000})
        order by id limit ${limit}
      ))`,
  );
}
