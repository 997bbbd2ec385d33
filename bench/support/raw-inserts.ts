/** What PostgreSQL takes when nothing stands around it: bare multi-row inserts, one transaction a batch. */

import postgres from "postgres";
import { type LoggedKind, type RawBatch, rawBatch, SEPARATOR } from "./raw-rows.ts";

const EVENTS_A_BATCH = 100;
/** More than any machine of this size stores; running out of prepared batches is an error. */
const MOST_EVENTS_PER_SEC = { watch: 60_000, impression: 15_000 };

/** Events a second, over `connections` that each send their next batch at once. */
export async function rawEventsPerSec(
  url: string,
  kind: LoggedKind,
  connections: number,
  seconds: number,
): Promise<number> {
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
        Promise.all([ledger(tx, kind, batch), facts(tx, kind, batch), outbox(tx, kind, batch)]),
      );
      stored += batch.size;
    }
  };
  await Promise.all(Array.from({ length: connections }, insertUntilTheEnd));
  const elapsedSeconds = (performance.now() - startedMs) / 1_000;
  await sql.end();
  return stored / elapsedSeconds;
}

const ledger = (tx: postgres.TransactionSql, kind: LoggedKind, { eventIds, hashes }: RawBatch) => tx`
  insert into ingested_event (event_id, event_type, body_hash)
  select id, ${kind}, decode(hash, 'hex') from unnest(${eventIds}::text[], ${hashes}::text[]) as e(id, hash)`;

const facts = (tx: postgres.TransactionSql, kind: LoggedKind, batch: RawBatch) =>
  kind === "watch" ? watches(tx, batch) : impressions(tx, batch);

const watches = (tx: postgres.TransactionSql, { eventIds, userIds, items, tsMs }: RawBatch) => tx`
  insert into watches (event_id, user_id, session_id, request_id, item_id, ts_ms, server_received_ts_ms,
    watch_time_sec, percent_watched)
  select id, user_id, 's-1', 'req_0192f1c07a5b7c3e9a4d1f2b3c4d5e6f', item_id, ts_ms, ts_ms, 60, 90
  from unnest(${eventIds}::text[], ${userIds}::text[], ${items}::text[], ${tsMs}::bigint[]) as e(id, user_id, item_id, ts_ms)`;

/** Items are split by the server: sent as flat rows they are a third slower, and the reference is to be the best there is. */
const impressions = (tx: postgres.TransactionSql, { eventIds, userIds, items, tsMs }: RawBatch) => tx`
  insert into impressions (event_id, user_id, session_id, request_id, ts_ms, server_received_ts_ms, item_id, position, context)
  select e.id, user_id, 's-1', 'req_0192f1c07a5b7c3e9a4d1f2b3c4d5e6f', ts_ms, ts_ms, i.id, i.ord - 1,
    '{"user_agent":"reco-bench"}'
  from unnest(${eventIds}::text[], ${userIds}::text[], ${items}::text[], ${tsMs}::bigint[]) as e(id, user_id, items, ts_ms)
  cross join lateral string_to_table(e.items, ${SEPARATOR}) with ordinality as i(id, ord)`;

const outbox = (tx: postgres.TransactionSql, kind: LoggedKind, batch: RawBatch) => tx`
  insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition)
  select id, ${kind}, topic, key, payload::jsonb, partition
  from unnest(${batch.eventIds}::text[], ${batch.topics}::text[], ${batch.userIds}::text[], ${batch.payloads}::text[],
    ${batch.partitions}::smallint[]) as o(id, topic, key, payload, partition)`;
