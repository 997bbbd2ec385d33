/** Reads what catalogue recall needs beyond the features of serving. */

import type { CatalogueReader, ItemActivity } from "../../recommend/catalogue/ports.ts";
import type { ScoredItem } from "../../recommend/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection, Pool } from "./pool-types.ts";

export function createCatalogueReader(pool: Pool): CatalogueReader {
  return {
    activity: (itemIds, countUpTo, deadline) =>
      pool.use("read", deadline, (sql) => activity(sql, itemIds, countUpTo)),
    signalPoints: (windowMs, limit, deadline) =>
      pool.use("read", deadline, (sql) => signalPoints(sql, windowMs, limit)),
    trendingScores: (itemIds, limit, deadline) =>
      pool.use("read", deadline, (sql) => trendingScores(sql, itemIds, limit)),
  };
}

/** One walk of `idx_events_item_ts` an item, of bounded length. */
async function activity(sql: Connection, itemIds: readonly string[], countUpTo: number) {
  return sql<ItemActivity[]>`
    select asked.item_id as "itemId", newest.interactions, newest."newestMs"
    from unnest(${textArray([...new Set(itemIds)])}::text[]) as asked(item_id)
    cross join lateral (
      select count(*)::int as interactions, date_part('epoch', max(ts))::float8 * 1000 as "newestMs"
      from (
        select ts from events e where e.item_id = asked.item_id
        order by ts desc limit (select ${countUpTo}::int)
      ) as e
    ) as newest`;
}

/** Along the block-range index on `events.ts`. */
async function signalPoints(sql: Connection, windowMs: number, limit: number) {
  return sql<ScoredItem[]>`
    select item_id as "itemId", sum(case event_type when 'view' then 1 else 3 end)::float8 as score
    from events where ts > now() - ${windowMs}::float8 * interval '1 ms' and ts <= now()
    group by item_id order by 2 desc, item_id collate "C" limit ${limit}::int`;
}

async function trendingScores(sql: Connection, itemIds: readonly string[], limit: number) {
  return sql<ScoredItem[]>`
    select item_id as "itemId", score from item_trending where item_id = any (${textArray(itemIds)}::text[])
    union
    (select item_id, score from item_trending order by score desc, item_id collate "C" limit ${limit}::int)`;
}
