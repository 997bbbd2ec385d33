/** What the verifier's statements read of large tables: rows of their window by index, and never a whole table. */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { Pool, Transaction } from "../../src/stores/postgres/pool-types.ts";
import {
  forgetFound,
  searchAcknowledged,
  searchPublished,
} from "../../src/stores/postgres/verifier-search.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";

setDefaultTimeout(120_000);

const ROWS = 60_000;
/** In the ledger alone, which is kept for ten times as long as the outbox. */
const OLDER_ROWS = 300_000;
const soon = () => Deadline.after(110_000);

let database: TestDatabase;
let pool: Pool;

/** A row a second up to now: ledger, facts, outbox, markers and features of watches and impressions in turn. */
beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ statementTimeoutMs: 0 });
  await pool.use("write", soon(), async (sql) => {
    await sql.unsafe(`
      create temp table n as select n, case n % 2 when 0 then 'watch' else 'impression' end as type,
        now() - make_interval(secs => ${ROWS} - n) as at from generate_series(1, ${ROWS}) n;
      insert into ingested_event (event_id, event_type, body_hash, received_at)
        select 'older-' || n, 'direct', decode(repeat('cd', 32), 'hex'), now() - interval '2 days' - make_interval(secs => n)
        from generate_series(${OLDER_ROWS}, 1, -1) n;
      insert into ingested_event (event_id, event_type, body_hash, received_at)
        select 'event-' || n, type, decode(repeat('ab', 32), 'hex'), at from n;
      insert into watches (event_id, user_id, session_id, request_id, item_id, ts_ms, watch_time_sec, created_at)
        select 'event-' || n, 'u', 's', 'r', 'i-' || n % 1000, extract(epoch from at) * 1000, 1, at from n where type = 'watch';
      insert into events (event_id, user_id, item_id, event_type, ts)
        select 'watch-event-' || n, 'u-' || n % 1000, 'i', 'view', at from n where type = 'watch';
      insert into impressions (event_id, user_id, session_id, request_id, ts_ms, item_id, position, created_at)
        select 'event-' || n, 'u', 's', 'r', extract(epoch from at) * 1000, 'i-' || n % 1000, p, at
        from n, generate_series(0, 2) p where type = 'impression';
      insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status, created_at, published_at)
        select 'event-' || n, type, 't', 'u', '{}', 1, 'published', at, at from n;
      insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset, consumed_at)
        select type || '-event-' || n, 't', 0, n, at from n;
      insert into item_exposure (item_id, impressions) select 'i-' || n, 1 from generate_series(0, 999) n;
      insert into feature_consumer_dlq (source_topic, source_partition, source_offset, payload, error_text, retry_count, error_class, status)
        select 't', 0, n, '{}', 'bad', 1, 'data', 'replayed' from n where n % 10 = 0;
      insert into verifier_finding (event_id, event_type, reason) select 'event-' || n, type, 'effect' from n where n <= 1000;
    `);
    for (const table of ["ingested_event", "watches", "events", "impressions", "event_outbox"]) {
      await sql.unsafe(`vacuum analyze ${table}`);
    }
    await sql.unsafe("vacuum analyze feature_event_consumed");
    await sql.unsafe("vacuum analyze feature_consumer_dlq");
    await sql.unsafe("analyze verifier_finding, item_exposure");
  });
});
afterAll(() => database[Symbol.asyncDispose]());

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Runs the statement and answers what it read: tables that were scanned, and rows a lossy index brought for nothing. */
async function readBy(statement: (tx: Transaction) => unknown) {
  const nodes = await pool.transaction("write", soon(), async (tx) => {
    const [row] = await tx<{ "QUERY PLAN": { Plan: Plan }[] }[]>`
      explain (analyze, format json, timing off) ${statement(tx) as ReturnType<Transaction>}`;
    return nodesOf(row?.["QUERY PLAN"][0]?.Plan as Plan);
  });
  return {
    scanned: nodes.filter((node) => node["Node Type"] === "Seq Scan").map((node) => node["Relation Name"]),
    wasted: nodes.reduce((sum, node) => sum + (node["Rows Removed by Index Recheck"] ?? 0), 0),
    nodes,
  };
}

const horizons = { eventsFromMs: 0, directFromMs: 0 };
const lastMinutes = (minutes: number) => ({ fromMs: Date.now() - minutes * 60_000, toMs: Date.now() });

test.each([1, 60])("a search of what was acknowledged in %d minutes", async (minutes) => {
  const { scanned, wasted } = await readBy((tx) =>
    searchAcknowledged(tx, lastMinutes(minutes), horizons, 1_000),
  );
  expect(scanned).toEqual([]);
  // A block range holds some ten thousand rows of a partition, of which there are eight.
  expect(wasted).toBeLessThan(ROWS * 1.5);
});

test.each([1, 60])("a search of what was published in %d minutes", async (minutes) => {
  const { scanned, wasted } = await readBy((tx) =>
    searchPublished(tx, lastMinutes(minutes), horizons, 1_000),
  );
  expect(scanned.filter((table) => table !== "item_exposure")).toEqual([]);
  expect(wasted).toBe(0);
});

test("another look at a thousand findings", async () => {
  const { scanned, nodes } = await readBy((tx) => forgetFound(tx, horizons));
  expect(scanned.filter((table) => table !== "item_exposure")).toEqual([
    "verifier_finding",
    "verifier_finding",
  ]);
  expect(nodes[0]?.["Actual Rows"]).toBe(0);
  expect(await query(pool, "select 1 from verifier_finding")).toEqual([]);
});
