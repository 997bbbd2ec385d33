/** Retention: what is old goes, what is young or still needed stays. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { maintenanceTasks } from "../../src/stores/postgres/maintenance.ts";
import { readOutboxSnapshot } from "../../src/stores/postgres/outbox-snapshot.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { createSlateStore } from "../../src/stores/postgres/slate-store.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { aSlate, someFeatures, written } from "../support/slates.ts";

const DAY_MS = 86_400_000;
const config = {
  outbox: { retentionHours: 72 },
  ingest: { maxEventAgeMs: 30 * DAY_MS, maxEventFutureMs: 300_000 },
  retention: { consumedDays: 14, dlqDays: 30, factDays: 180, slateDays: 7 },
  eventLog: { retentionHours: 168 },
};

describe("maintenance", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool();
  });
  afterEach(() => database[Symbol.asyncDispose]());

  async function run(name: string, settings = config): Promise<number> {
    const task = maintenanceTasks(settings).find((each) => each.name === name);
    if (!task) throw new Error(`no task ${name}`);
    return task.run(pool, Deadline.after(20_000));
  }
  const left = async (table: string, column: string) => {
    const rows = await query(pool, `select ${column}::text as name from ${table} order by 1`);
    return rows.map(({ name }) => name);
  };

  test("drops whole days of slates past their time, and features a day later", async () => {
    const store = createSlateStore(pool, 30);
    const today = Math.floor(Date.now() / DAY_MS);
    for (const daysAgo of [0, 7, 8, 9]) {
      const requestId = `served-${daysAgo}`;
      const servedAtMs = (today - daysAgo + 0.5) * DAY_MS;
      const features = [{ id: requestId, servedAtMs, features: someFeatures() }];
      const slates = [aSlate({ requestId, featuresId: requestId, servedAtMs })];
      await store.store(written({ slates, features }), Deadline.after(20_000));
    }

    await run("served_slates");

    expect(await left("served_slates", "request_id")).toEqual(["served-0", "served-7"]);
    expect(await left("slate_features", "features_id")).toEqual(["served-0", "served-7", "served-8"]);
    expect(await run("served_slates")).toBe(0);
  });

  test("deletes published outbox rows past their time and takes them off the counters", async () => {
    await query(
      pool,
      `insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status, published_at)
       values ('old-published', 'watch', 't', 'k', '{}', 1, 'published', now() - interval '80 hours'),
              ('new-published', 'watch', 't', 'k', '{}', 1, 'published', now() - interval '70 hours'),
              ('old-dead', 'watch', 't', 'k', '{}', 1, 'dead', null),
              ('pending', 'watch', 't', 'k', '{}', 1, 'pending', null);
       insert into outbox_counter (partition, published) values (1, 2)`,
    );

    expect(await run("event_outbox")).toBe(1);

    expect(await left("event_outbox", "event_id")).toEqual(["new-published", "old-dead", "pending"]);
    expect(await readOutboxSnapshot(pool, Deadline.after(5_000))).toMatchObject({
      published: 1,
      dead: 1,
      pending: 1,
    });
  });

  test("lowers the published counters in the order of partitions, as marks and requeues do", async () => {
    // Stored in the other order, and so many that a plan may go through them as they are stored.
    await query(
      pool,
      `insert into outbox_counter (partition, published) select n, 9 from generate_series(64, 1, -1) n;
       insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status, published_at)
       select 'old-' || n, 'watch', 't', 'k', '{}', n, 'published', now() - interval '80 hours'
       from generate_series(64, 1, -1) n;
       analyze outbox_counter, event_outbox`,
    );
    let purging: Promise<number> = Promise.resolve(0);
    await pool.transaction("write", Deadline.after(20_000), async (tx) => {
      await tx`select 1 from outbox_counter where partition = 1 for update`;
      purging = run("event_outbox");
      await eventually(async () => {
        expect(
          await query(
            pool,
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%purged%'",
          ),
        ).toHaveLength(1);
      });
      // Whoever waits for the first partition holds none of the later ones.
      expect(await tx`select 1 from outbox_counter for update nowait`).toHaveLength(64);
    });
    expect(await purging).toBe(64);
    expect(await query(pool, "select sum(published)::int as published from outbox_counter")).toEqual([
      { published: 64 * 8 },
    ]);
  });

  test("leaves the outbox alone while the relay is behind", async () => {
    await query(
      pool,
      `insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status, published_at, created_at)
       values ('old-published', 'watch', 't', 'k', '{}', 1, 'published', now() - interval '80 hours', now()),
              ('waiting', 'watch', 't', 'k', '{}', 1, 'pending', null, now() - interval '10 minutes')`,
    );

    expect(await run("event_outbox")).toBe(0);
  });

  test("keeps the ledger longer than any event can still be accepted", async () => {
    await query(
      pool,
      `insert into ingested_event (event_id, event_type, body_hash, received_at)
       values ('ledger-old', 'watch', '', now() - interval '31 days 10 minutes'),
              ('ledger-new', 'watch', '', now() - interval '31 days')`,
    );

    expect(await run("ingested_event")).toBe(1);

    expect(await left("ingested_event", "event_id")).toEqual(["ledger-new"]);
  });

  test("deletes consumed markers past their time", async () => {
    await query(
      pool,
      `insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset, consumed_at)
       select 'marker-' || n, 't', 0, n, now() - interval '15 days' from generate_series(1, 12000) n;
       insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset, consumed_at)
       values ('young', 't', 0, 0, now() - interval '13 days')`,
    );

    expect(await run("feature_event_consumed")).toBe(12_000);

    expect(await left("feature_event_consumed", "stream_event_id")).toEqual(["young"]);
  });

  test.each([
    [
      "dead letter",
      `insert into feature_consumer_dlq (source_topic, source_partition, source_offset, payload, error_text, retry_count, error_class, first_failed_at)
       values ('t', 0, 1, '{}', 'open', 1, 'data', now() - interval '30 days')`,
    ],
    [
      "dead outbox row",
      `insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status, created_at)
       values ('dead-0001', 'watch', 't', 'k', '{}', 1, 'dead', now() - interval '30 days')`,
    ],
  ])("keeps markers that the replay of a %s may still need", async (_, insert) => {
    await query(pool, insert);
    await query(
      pool,
      `insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset, consumed_at)
       values ('before', 't', 0, 1, now() - interval '39 days'), ('needed', 't', 0, 2, now() - interval '37 days')`,
    );

    expect(await run("feature_event_consumed")).toBe(1);

    expect(await left("feature_event_consumed", "stream_event_id")).toEqual(["needed"]);
  });

  test("keeps a marker as long as the outbox row of its event, which may be sent once more", async () => {
    await query(
      pool,
      `insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status, published_at)
       values ('a-dashed-id', 'watch', 't', 'k', '{}', 1, 'published', now())`,
    );
    await query(
      pool,
      `insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset, consumed_at)
       select id, 't', 0, 1, now() - interval '15 days'
       from unnest(array['watch-a-dashed-id', 'impression-a-dashed-id', 'watch-another']) id`,
    );

    expect(await run("feature_event_consumed")).toBe(2);

    expect(await left("feature_event_consumed", "stream_event_id")).toEqual(["watch-a-dashed-id"]);
  });

  test("deletes replayed dead letters past their time, and open ones never", async () => {
    await query(
      pool,
      `insert into feature_consumer_dlq
         (source_topic, source_partition, source_offset, payload, error_text, retry_count, status, error_class, replayed_at, first_failed_at)
       values ('t', 0, 1, '{}', 'old', 1, 'replayed', 'data', now() - interval '31 days', now() - interval '90 days'),
              ('t', 0, 2, '{}', 'new', 1, 'replayed', 'data', now() - interval '29 days', now() - interval '90 days'),
              ('t', 0, 3, '{}', 'open', 1, 'pending', 'data', null, now() - interval '90 days')`,
    );

    expect(await run("feature_consumer_dlq")).toBe(1);

    expect(await left("feature_consumer_dlq", "error_text")).toEqual(["new", "open"]);
  });

  test("deletes old log records up to the slowest group's position", async () => {
    await query(
      pool,
      `insert into event_log_topic (topic, topic_id, partitions) values ('t', 't-1', 2);
       insert into event_log_partition (topic, partition, next_offset) values ('t', 0, 4), ('t', 1, 2);
       insert into event_log (topic, partition, "offset", ts)
       select 't', 0, n, now() - interval '8 days' from generate_series(0, 2) n
       union all select 't', 0, 3, now()
       union all select 't', 1, n, now() - interval '8 days' from generate_series(0, 1) n;
       insert into consumer_offset (consumer, topic, topic_id, partition, next_offset) values ('fast', 't', 't-1', 0, 4);
       insert into event_log_offset ("group", topic, partition, next_offset) values ('slow', 't', 0, 2)`,
    );

    expect(await run("event_log")).toBe(4);

    expect(await left("event_log", `partition || ':' || "offset"`)).toEqual(["0:2", "0:3"]);
  });

  test("deletes facts by arrival and events by event time", async () => {
    const ago = (days: number) => `(extract(epoch from now() - interval '${days} days') * 1000)::bigint`;
    await query(
      pool,
      `insert into watches (event_id, user_id, session_id, request_id, item_id, ts_ms, watch_time_sec, created_at)
       values ('watch-old', 'u', 's', 'r', 'i', ${ago(181)}, 1, now() - interval '181 days'),
              ('watch-new', 'u', 's', 'r', 'i', ${ago(205)}, 1, now() - interval '179 days');
       insert into impressions (event_id, user_id, session_id, request_id, ts_ms, item_id, position, created_at)
       values ('shown-old', 'u', 's', 'r', ${ago(190)}, 'i', 0, now() - interval '181 days');
       insert into events (event_id, user_id, item_id, event_type, ts)
       values ('event-old', 'u', 'i', 'view', now() - interval '181 days'),
              ('event-new', 'u', 'i', 'view', now() - interval '179 days')`,
    );

    expect(await run("facts")).toBe(3);

    expect(await left("watches", "event_id")).toEqual(["watch-new"]);
    expect(await left("events", "event_id")).toEqual(["event-new"]);
  });

  test("keeps events for a month even when facts are kept for a day", async () => {
    await query(
      pool,
      `insert into events (event_id, user_id, item_id, event_type, ts)
       values ('event-0030', 'u', 'i', 'view', now() - interval '30 days')`,
    );

    expect(await run("facts", { ...config, retention: { ...config.retention, factDays: 1 } })).toBe(0);
  });

  test("keeps facts for ever when their retention is 0", () => {
    const tasks = maintenanceTasks({ ...config, retention: { ...config.retention, factDays: 0 } });

    expect(tasks.map(({ name }) => name)).not.toContain("facts");
  });
});
