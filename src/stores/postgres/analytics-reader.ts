/** Counts the KPI baseline from the fact tables. */

import type { AnalyticsReader, BaselineMetrics } from "../../http/services.ts";
import type { Connection, Pool } from "./pool-types.ts";

const MS_PER_DAY = 86_400_000;

/** Positions 0 to 19 are what the KPIs call "at 20". */
const TOP_POSITIONS = 20;

/** Makes room for the sum of any number of watch times; as a power of two it changes no digit of them. */
const SUM_SCALE = 2 ** 64;
/** A shorter watch would vanish when scaled. */
const COUNTED_MIN_SEC = 1e-200;

export function createAnalyticsReader(pool: Pool): AnalyticsReader {
  return {
    baseline: (days, deadline) => pool.use("read", deadline, (sql) => baseline(sql, days)),
  };
}

async function baseline(sql: Connection, days: number): Promise<BaselineMetrics> {
  const sinceMs = await windowStartMs(sql, days);
  const [requests, impressions, watched, watches, catalogueSize] = await Promise.all([
    requestCount(sql, sinceMs),
    impressionCounts(sql, sinceMs),
    watchedCounts(sql, sinceMs),
    watchCounts(sql, sinceMs),
    catalogueCount(sql),
  ]);
  return {
    window_days: days,
    requests,
    impressions: impressions.shown,
    watches: watches.watches,
    watched_impressions: watched.watched,
    impressions_at_20: impressions.shown_at_20,
    watched_impressions_at_20: watched.watched_at_20,
    ctr_at_20_pct: percent(watched.watched_at_20, impressions.shown_at_20),
    avg_watch_time_sec: watches.avg_watch_time_sec,
    catalog_coverage_at_20_pct: percent(impressions.items_at_20, catalogueSize),
  };
}

const percent = (part: number, whole: number) => (whole === 0 ? 0 : (part / whole) * 100);

/** By the store's clock, so that every node answers for the same window. */
async function windowStartMs(sql: Connection, days: number): Promise<number> {
  const [row] = await sql<{ now_ms: number }[]>`select (extract(epoch from now()) * 1000)::float8 as now_ms`;
  return Math.floor(row?.now_ms ?? 0) - days * MS_PER_DAY;
}

/** A subquery, because `count(distinct …)` can neither hash nor run in parallel. */
async function requestCount(sql: Connection, sinceMs: number): Promise<number> {
  const [row] = await sql<{ requests: number }[]>`
    select count(*)::float8 as requests
    from (select distinct request_id from impressions where ts_ms >= ${sinceMs}::bigint) as r`;
  return row?.requests ?? 0;
}

async function impressionCounts(sql: Connection, sinceMs: number) {
  const [row] = await sql<{ shown: number; shown_at_20: number; items_at_20: number }[]>`
    select coalesce(sum(shown), 0)::float8 as shown,
      coalesce(sum(at_20), 0)::float8 as shown_at_20,
      count(*) filter (where at_20 > 0)::float8 as items_at_20
    from (
      select count(*) as shown, count(*) filter (where position < ${TOP_POSITIONS}::int) as at_20
      from impressions where ts_ms >= ${sinceMs}::bigint group by item_id
    ) as by_item`;
  return row ?? { shown: 0, shown_at_20: 0, items_at_20: 0 };
}

/** From the watches to their impressions over `idx_impressions_request`: watches are the few. */
async function watchedCounts(sql: Connection, sinceMs: number) {
  const [row] = await sql<{ watched: number; watched_at_20: number }[]>`
    select count(*)::float8 as watched,
      count(*) filter (where position < ${TOP_POSITIONS}::int)::float8 as watched_at_20
    from (
      select distinct i.event_id, i.position
      from watches w
      join impressions i on i.request_id = w.request_id and i.user_id = w.user_id and i.item_id = w.item_id
        and i.ts_ms <= w.ts_ms
      where w.ts_ms >= ${sinceMs}::bigint and i.ts_ms >= ${sinceMs}::bigint
    ) as seen`;
  return row ?? { watched: 0, watched_at_20: 0 };
}

/** The server refuses results too large or too small for it, so its own average would fail for accepted watch times. */
async function watchCounts(sql: Connection, sinceMs: number) {
  const [row] = await sql<{ watches: number; scaled_sum: number }[]>`
    select count(*)::float8 as watches,
      coalesce(sum(watch_time_sec * ${1 / SUM_SCALE}::float8)
        filter (where watch_time_sec > ${COUNTED_MIN_SEC}::float8), 0)::float8 as scaled_sum
    from watches where ts_ms >= ${sinceMs}::bigint`;
  const { watches, scaled_sum } = row ?? { watches: 0, scaled_sum: 0 };
  const mean = watches === 0 ? 0 : (scaled_sum / watches) * SUM_SCALE;
  return { watches, avg_watch_time_sec: Math.min(mean, Number.MAX_VALUE) };
}

async function catalogueCount(sql: Connection): Promise<number> {
  const [row] = await sql<{ size: number }[]>`
    select count(*)::float8 as size from (
      select item_id from item_popularity union select item_id from items where not hidden
    ) as catalogue`;
  return row?.size ?? 0;
}
