/** What the migrations make: of nothing, and of data that is older than they are. */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import { embeddedMigrations } from "../../src/stores/postgres/migration-files.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { testDatabase } from "../support/databases.ts";
import { asTables, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { anInteraction, NOW_MS } from "../support/plans.ts";

setDefaultTimeout(30_000);

const soon = () => Deadline.after(10_000);
const run = (pool: Pool, text: string) => pool.use("write", soon(), (sql) => sql.unsafe(text));

/** The tables as they were before the first migration, with rows that need repair. */
const OLDER_DATA = `
  create table events (id bigserial primary key, user_id text not null, item_id text not null,
    event_type text not null, ts timestamptz not null);
  insert into events (user_id, item_id, event_type, ts) values ('u', 'a', 'view', now()), ('u', 'b', 'click', now());
  create table impressions (id bigserial primary key, event_id text not null, user_id text not null,
    session_id text not null, request_id text not null, ts_ms bigint not null, item_id text not null,
    position int not null, feed_id text, slot text, context jsonb, created_at timestamptz not null default now());
  insert into impressions (event_id, user_id, session_id, request_id, ts_ms, item_id, position)
    values ('e', 'u', 's', 'r', 1, 'a', 0), ('e', 'u', 's', 'r', 1, 'a', 0), ('e', 'u', 's', 'r', 1, 'a', 1);
  create table watches (event_id text primary key, user_id text not null, session_id text not null,
    request_id text not null, item_id text not null, ts_ms bigint not null, watch_time_sec double precision not null,
    percent_watched double precision, ended bool, playback_speed double precision, rebuffer_count int, context jsonb,
    created_at timestamptz not null default now());
  create table event_outbox (id bigserial primary key, event_id text not null, event_type text not null,
    kafka_topic text not null, kafka_key text not null, payload jsonb not null, status text not null default 'pending',
    attempt_count int not null default 0, max_attempts int not null default 25,
    next_attempt_at timestamptz not null default now(), lease_expires_at timestamptz, last_error text,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
    published_at timestamptz, unique (event_id, event_type));
  insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload) values ('e', 'watch', 't', 'k', '{}');
  create table feature_consumer_dlq (id bigserial primary key, source_topic text not null,
    source_partition int not null, source_offset bigint not null, kafka_key text not null default '',
    payload jsonb not null, error_text text not null, retry_count int not null, replay_count int not null default 0,
    last_replay_error text, status text not null default 'pending', first_failed_at timestamptz not null default now(),
    last_failed_at timestamptz not null default now(), replayed_at timestamptz,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
    unique (source_topic, source_partition, source_offset));
  insert into feature_consumer_dlq (source_topic, source_partition, source_offset, payload, error_text, retry_count)
    values ('t', 0, 7, '{}', 'x', 1);`;

describe("data older than the migrations", () => {
  async function repaired() {
    const database = await testDatabase({ migrated: false });
    const pool = database.pool();
    await run(pool, OLDER_DATA);
    await migrate({ url: database.url, deadline: soon() });
    return { pool, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
  }

  test("events get ids that cannot collide with new ones", async () => {
    await using database = await repaired();
    const rows = await run(database.pool, "select event_id from events order by id");
    expect(rows.map((row) => row["event_id"])).toEqual(["legacy-1", "legacy-2"]);
  });

  test("impressions are keyed by event and position, repeated rows once", async () => {
    await using database = await repaired();
    const rows = await run(database.pool, "select event_id, position from impressions order by position");
    expect(rows.map((row) => [row["event_id"], row["position"]])).toEqual([
      ["e", 0],
      ["e", 1],
    ]);
  });

  test("outbox rows stay pending, in the first partition", async () => {
    await using database = await repaired();
    const [row] = await run(
      database.pool,
      "select status, partition, headers, publish_epoch from event_outbox",
    );
    expect({ ...row }).toEqual({ status: "pending", partition: 0, headers: null, publish_epoch: null });
  });

  test("a recreated topic may have a dead letter at a known offset", async () => {
    await using database = await repaired();
    const insert = `insert into feature_consumer_dlq (source_topic, source_partition, source_offset, topic_id,
      payload, error_text, retry_count, error_class) values ('t', 0, 7, 'recreated', '{}', 'x', 1, 'handler')`;
    expect((await run(database.pool, insert)).count).toBe(1);
  });

  test("ends with the columns, types and defaults of a fresh installation", async () => {
    await using older = await repaired();
    await using fresh = await testDatabase();
    const columns = (pool: Pool) =>
      run(
        pool,
        `select table_name, column_name, data_type, is_nullable from information_schema.columns
         where table_schema = 'public' and not (table_name = 'impressions' and column_name = 'id') order by 1, 2`,
      );
    expect([...(await columns(older.pool))]).toEqual([...(await columns(fresh.pool()))]);
  });

  test("ends with the indexes of a fresh installation", async () => {
    await using older = await repaired();
    await using fresh = await testDatabase();
    const indexes = (pool: Pool) =>
      run(pool, "select indexdef from pg_indexes where schemaname = 'public' order by indexname");
    expect([...(await indexes(older.pool))]).toEqual([...(await indexes(fresh.pool()))]);
  });
});

test("events from before the better engine are folded into its features", async () => {
  await using database = await testDatabase({ migrated: false });
  const pool = database.pool();
  const before = embeddedMigrations().filter(({ version }) => version < "0005");
  await migrate({ url: database.url, deadline: soon(), migrations: before });
  const events = Array.from({ length: 300 }, (_, index) =>
    anInteraction({
      eventId: `event-${index}`,
      userId: `u-${index % 7}`,
      itemId: `i-${(index * index) % 23}`,
      signal: (["view", "click", "purchase"] as const)[index % 3] ?? "view",
      // Ties and long gaps.
      tsMs: NOW_MS - (index % 50) * 86_400_000 * 20,
    }),
  );
  await pool.use("write", soon(), async (sql) => {
    for (const { eventId, userId, itemId, signal, tsMs } of events)
      await sql`
        insert into events (event_id, user_id, item_id, event_type, ts)
        values (${eventId}, ${userId}, ${itemId}, ${signal}, to_timestamp(${tsMs}::bigint / 1000.0))`;
  });
  await migrate({ url: database.url, deadline: soon() });
  const settings = { historySize: 20, halfLifeHours: HALF_LIFE_HOURS };
  const expected = asTables(foldInteractions(events, settings));
  const { rules, decayed } = await readFeatures(pool);
  expect({ rules, decayed }).toEqual({ rules: expected.rules, decayed: expected.decayed });
});

test("the files may run again on their own result", async () => {
  await using database = await testDatabase();
  await run(database.pool(), "truncate schema_migrations");
  await migrate({ url: database.url, deadline: soon() });
});
