/** The consumer's writes as bare SQL: multi-row upserts of sums known beforehand, one transaction a chunk. */

import postgres from "postgres";
import type { BareChunk } from "./bare-chunks.ts";

/** Chunks a second times their size is what PostgreSQL takes; each connection works through its own chunks. */
export async function bareUpserts(url: string, lanes: readonly (readonly BareChunk[])[]): Promise<number> {
  const sql = postgres(url, { max: lanes.length, fetch_types: false, onnotice: () => {} });
  await Promise.all(lanes.map(() => sql`select 1`));
  const startedMs = performance.now();
  await Promise.all(
    lanes.map(async (chunks) => {
      for (const chunk of chunks) await sql.begin((tx) => Promise.all(upserts(tx, chunk)));
    }),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  await sql.end();
  return seconds;
}

function upserts(tx: postgres.TransactionSql, chunk: BareChunk) {
  const [ids = ""] = chunk.markers;
  const [eventIds = "", users = "", items = "", signals = "", times = ""] = chunk.events;
  const [owners = "", places = "", seen = "", seenAt = ""] = chunk.history;
  const [surplusOwners = "", surplusPlaces = ""] = chunk.surplus;
  const [earlier = "", later = "", counts = ""] = chunk.transitions;
  const [previous = "", next = "", weights = "", pairs = ""] = chunk.rules;
  const [decayed = "", scores = ""] = chunk.decay;
  const [popular = "", sums = ""] = chunk.popularity;
  const [shown = "", impressions = "", positions = ""] = chunk.exposure;
  return [
    tx`insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset)
      select id, 'recsys.watches.v1', 0, 0 from unnest(${ids}::text[]) as m(id) on conflict do nothing`,
    tx`insert into events (event_id, user_id, item_id, event_type, ts)
      select id, u, i, s, to_timestamp(t / 1000.0) from unnest(${eventIds}::text[], ${users}::text[], ${items}::text[],
        ${signals}::text[], ${times}::bigint[]) as e(id, u, i, s, t) on conflict (event_id) do nothing`,
    tx`insert into user_history (user_id, pos, item_id, ts)
      select u, p, i, to_timestamp(t / 1000.0) from unnest(${owners}::text[], ${places}::bigint[], ${seen}::text[],
        ${seenAt}::bigint[]) as h(u, p, i, t)`,
    tx`delete from user_history h using unnest(${surplusOwners}::text[], ${surplusPlaces}::bigint[]) as s(u, p)
      where h.user_id = s.u and h.pos = s.p`,
    tx`insert into co_visitation as c (prev_item_id, next_item_id, cnt)
      select * from unnest(${earlier}::text[], ${later}::text[], ${counts}::bigint[])
      on conflict (prev_item_id, next_item_id) do update set cnt = c.cnt + excluded.cnt`,
    tx`insert into seq_rule as r (prev_item_id, next_item_id, w, n)
      select * from unnest(${previous}::text[], ${next}::text[], ${weights}::float8[], ${pairs}::bigint[])
      on conflict (prev_item_id, next_item_id) do update set w = r.w + excluded.w, n = r.n + excluded.n, updated_at = now()`,
    tx`insert into item_decay as d (item_id, score) select * from unnest(${decayed}::text[], ${scores}::float8[])
      on conflict (item_id) do update set updated_at = now(), score = greatest(d.score, excluded.score)
        + ln(1 + power(2::float8, -least(abs(d.score - excluded.score), 1000))) / ln(2::float8)`,
    tx`insert into item_popularity as p (item_id, score) select * from unnest(${popular}::text[], ${sums}::bigint[])
      on conflict (item_id) do update set score = p.score + excluded.score, updated_at = now()`,
    tx`insert into item_exposure as e (item_id, impressions, by_position)
      select i, n, p::bigint[] from unnest(${shown}::text[], ${impressions}::bigint[], ${positions}::text[]) as s(i, n, p)
      on conflict (item_id) do update set impressions = e.impressions + excluded.impressions, updated_at = now(),
        by_position = (select array_agg(a + b order by o)
          from unnest(e.by_position, excluded.by_position) with ordinality as x(a, b, o))`,
  ];
}
