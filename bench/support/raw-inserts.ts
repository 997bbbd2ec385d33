/** What PostgreSQL takes when nothing stands around it: bare multi-row inserts, one transaction a batch. */

import postgres from "postgres";
import { type RawBatch, rawBatch, SEPARATOR } from "./raw-rows.ts";

/**
 * Impressions travel as one row an item, which is what a multi-row insert is, or as one row an event that the server
 * splits, which is the fastest way known.
 */
export type RawShape = "watch" | "impression-rows" | "impression-split";

const EVENTS_A_BATCH = 100;
/** More than any machine of this size stores; running out of prepared batches is an error. */
const MOST_EVENTS_PER_SEC = { watch: 60_000, impression: 12_000 };

/** Events a second, over `connections` that each send their next batch at once. */
export async function rawEventsPerSec(
  url: string,
  shape: RawShape,
  connections: number,
  seconds: number,
): Promise<number> {
  const kind = kindOf(shape);
  const run = `raw-${Date.now().toString(36)}`;
  const count = Math.ceil((MOST_EVENTS_PER_SEC[kind] * seconds) / EVENTS_A_BATCH);
  const batches = Array.from({ length: count }, (_, index) =>
    rawBatch(kind, `${run}-${index}`, EVENTS_A_BATCH),
  );
  const sql = postgres(url, { max: connections, fetch_types: false, onnotice: () => {} });
  await Promise.all(Array.from({ length: connections }, () => sql`select 1`));
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1_000;
  let next = 0;
  let stored = 0;
  const insertUntilTheEnd = async () => {
    while (performance.now() < endMs) {
      const batch = batches[next++];
      if (!batch) throw new Error("the raw reference ran out of prepared batches");
      await sql.begin((tx) =>
        Promise.all([ledger(tx, kind, batch), facts(tx, shape, batch), outbox(tx, kind, batch)]),
      );
      stored += batch.size;
    }
  };
  await Promise.all(Array.from({ length: connections }, insertUntilTheEnd));
  const elapsedSeconds = (performance.now() - startedMs) / 1_000;
  await sql.end();
  return stored / elapsedSeconds;
}

type Kind = "watch" | "impression";

const kindOf = (shape: RawShape): Kind => (shape === "watch" ? "watch" : "impression");

const ledger = (tx: postgres.TransactionSql, kind: Kind, { eventIds, hashes }: RawBatch) => tx`
  insert into ingested_event (event_id, event_type, body_hash)
  select id, ${kind}, decode(hash, 'hex') from unnest(${eventIds}::text[], ${hashes}::text[]) as e(id, hash)`;

function facts(tx: postgres.TransactionSql, shape: RawShape, batch: RawBatch) {
  if (shape === "watch") return watches(tx, batch);
  return shape === "impression-rows" ? impressionRows(tx, batch) : impressionsSplit(tx, batch);
}

const watches = (tx: postgres.TransactionSql, { eventIds, userIds, items, tsMs }: RawBatch) => tx`
  insert into watches (event_id, user_id, session_id, request_id, item_id, ts_ms, server_received_ts_ms,
    watch_time_sec, percent_watched)
  select id, user_id, 's-1', 'req_0192f1c07a5b7c3e9a4d1f2b3c4d5e6f', item_id, ts_ms, ts_ms, 60, 90
  from unnest(${eventIds}::text[], ${userIds}::text[], ${items}::text[], ${tsMs}::bigint[]) as e(id, user_id, item_id, ts_ms)`;

const impressionRows = (tx: postgres.TransactionSql, { itemRows }: RawBatch) => tx`
  insert into impressions (event_id, user_id, session_id, request_id, ts_ms, server_received_ts_ms, item_id, position, context)
  select id, user_id, 's-1', 'req_0192f1c07a5b7c3e9a4d1f2b3c4d5e6f', ts_ms, ts_ms, item_id, position,
    '{"user_agent":"reco-bench"}'
  from unnest(${itemRows?.eventIds ?? null}::text[], ${itemRows?.userIds ?? null}::text[], ${itemRows?.items ?? null}::text[],
    ${itemRows?.positions ?? null}::int[], ${itemRows?.tsMs ?? null}::bigint[]) as e(id, user_id, item_id, position, ts_ms)`;

const impressionsSplit = (tx: postgres.TransactionSql, { eventIds, userIds, items, tsMs }: RawBatch) => tx`
  insert into impressions (event_id, user_id, session_id, request_id, ts_ms, server_received_ts_ms, item_id, position, context)
  select e.id, user_id, 's-1', 'req_0192f1c07a5b7c3e9a4d1f2b3c4d5e6f', ts_ms, ts_ms, i.id, i.ord - 1,
    '{"user_agent":"reco-bench"}'
  from unnest(${eventIds}::text[], ${userIds}::text[], ${items}::text[], ${tsMs}::bigint[]) as e(id, user_id, items, ts_ms)
  cross join lateral string_to_table(e.items, ${SEPARATOR}) with ordinality as i(id, ord)`;

const outbox = (tx: postgres.TransactionSql, kind: Kind, batch: RawBatch) => tx`
  insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition)
  select id, ${kind}, topic, key, payload::jsonb, partition
  from unnest(${batch.eventIds}::text[], ${batch.topics}::text[], ${batch.userIds}::text[], ${batch.payloads}::text[],
    ${batch.partitions}::smallint[]) as o(id, topic, key, payload, partition)`;
