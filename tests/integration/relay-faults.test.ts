/** Relays that crash, sleep past their leases and meet each other: nothing is lost and each user's order holds. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { armFailpoints } from "../../src/core/failpoint.ts";
import { readOldestTransaction } from "../../src/stores/postgres/oldest-transaction.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { readOutboxSnapshot } from "../../src/stores/postgres/outbox-snapshot.ts";
import { createOutboxStore } from "../../src/stores/postgres/outbox-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import {
  embeddedLog,
  ingest,
  loggedByUser,
  metricValue,
  OUTBOX_PARTITIONS,
  query,
  startConsumer,
  startRelay,
} from "../support/backbone.ts";
import { consumed } from "../support/consumer-checks.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { aWatchEvent } from "../support/plans.ts";
import {
  checkLateRowIsPublished,
  checkMarkedMeansPublished,
  checkOrderUnderFaults,
  checkZombieStepsDown,
  realStores,
  withProduce,
} from "../support/relay-checks.ts";

describe("relay faults", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool({ max: 20 });
    await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, deadline());
  });
  afterEach(() => database[Symbol.asyncDispose]());

  test("F17: a relay that slept past its lease marks nothing and steps down", () =>
    checkZombieStepsDown(pool, realStores));

  test("a relay that dies right after a mark has lost nothing", () =>
    checkMarkedMeansPublished(pool, realStores));

  test("F24: a row that commits late with a lower id is published", () =>
    checkLateRowIsPublished(pool, realStores));

  test("two relays that crash and sleep keep each user's order and lose nothing", () =>
    checkOrderUnderFaults(pool, realStores, {
      events: 800,
      users: 40,
      failpoints: "relay.after_publish=throw@9;relay.after_claim=throw@23",
      freezes: 2,
    }));

  test("F18: two relays that take at once never get one partition both, and its epoch grows with each taking", async () => {
    const store = createOutboxStore(pool);
    const epochs: bigint[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const [a, b] = await Promise.all([
        store.take("relay-a", 1, 600, deadline()),
        store.take("relay-b", 1, 600, deadline()),
      ]);
      const taken = [...(a ?? []), ...(b ?? [])];
      expect(new Set(taken.map(({ partition }) => partition)).size).toBe(taken.length);
      await store.resign("relay-a", a ?? [], deadline());
      await store.resign("relay-b", b ?? [], deadline());
      epochs.push(...taken.map(({ epoch }) => epoch));
    }

    const [row] = await query(pool, "select sum(epoch)::int as takings from outbox_partition");
    expect(row).toEqual({ takings: epochs.length });
  });

  test("a lease that ran out is free for others, and its old holder cannot renew what they took", async () => {
    const store = createOutboxStore(pool);
    const [lease] = await store.take("relay-a", 1, 0.05, deadline());
    const taken = await eventually(async () => {
      const all = await store.take("relay-b", OUTBOX_PARTITIONS, 600, deadline());
      expect(all.map(({ partition }) => partition)).toContain(lease?.partition as number);
      return all;
    });

    const renewed = await store.renew("relay-a", lease ? [lease] : [], 600, deadline());

    expect(renewed).toEqual([]);
    expect(taken.find(({ partition }) => partition === lease?.partition)?.epoch).toBe(
      (lease?.epoch ?? 0n) + 1n,
    );
  });

  test("rows that a compatibility tool left in flight are due again when their partition is taken", async () => {
    const store = createOutboxStore(pool);
    await query(
      pool,
      `insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status, lease_expires_at)
       values ('left-0001', 'watch', 't', 'u-1', '{}', 3, 'publishing', now() - interval '1 minute')`,
    );

    await store.take("relay-a", OUTBOX_PARTITIONS, 600, deadline());

    const rows = await store.claim([3], 10, deadline());
    expect(rows.map(({ eventId }) => eventId)).toEqual(["left-0001"]);
  });
});

/** Rows in the round by which a relay asks a log that failed. */
const PROBE_ROWS = 20;

describe("a log that fails", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool({ max: 20 });
  });
  afterEach(async () => {
    armFailpoints("");
    await database[Symbol.asyncDispose]();
  });

  const watches = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      aWatchEvent({
        eventId: `fails-${String(index).padStart(4, "0")}`,
        userId: `u-${index % 7}`,
        itemId: `i-${index % 5}`,
        watchTimeSec: 300,
      }),
    );
  const open = async () =>
    (await query(pool, "select 1 from event_outbox where status <> 'published'")).length;

  test("F16: a relay killed between publish and mark leaves duplicates in the log and none in the features", async () => {
    armFailpoints("relay.after_publish=throw");
    const dying = startRelay(pool, { outboxConfig: { leaseSec: 2 } });
    await ingest(pool, watches(20));
    expect(await dying.ended).toMatchObject({ name: "FailpointError" });
    armFailpoints("");
    expect(await open()).toBe(20);

    await using _next = startRelay(pool);
    await using _consumer = startConsumer(pool);
    await eventually(async () => expect(await open()).toBe(0), { timeoutMs: 15_000 });

    const logged = [...(await loggedByUser(pool)).values()].flat();
    expect(logged.length).toBeGreaterThan(20);
    expect(new Set(logged).size).toBe(20);
    await consumed(pool, logged.length);
    const [popularity] = await query(pool, "select sum(score)::int as sum from item_popularity");
    expect(popularity).toEqual({ sum: 200 });
  });

  /** A log that refuses everything until it is told to work, and notes how much it was asked for at once. */
  const refusing = () => {
    const log = { isDown: true, batches: [] as number[] };
    const stores = withProduce(
      { outbox: createOutboxStore(pool), eventLog: embeddedLog(pool) },
      (producer) => async (records, until) => {
        log.batches.push(records.length);
        if (!log.isDown) return producer.produce(records, until);
        return records.map(() => ({ status: "failed", class: "retryable", error: "broker down" }) as const);
      },
    );
    return { log, eventLog: stores.eventLog };
  };

  test("F20: while the log is down the outbox grows, its lag is shown, nothing dies and ingest goes on", async () => {
    const { log, eventLog } = refusing();
    await using relay = startRelay(pool, { eventLog, outboxConfig: { baseRetrySec: 1, maxRetrySec: 1 } });
    const lag = () => metricValue(relay.metrics, "reco_outbox_backlog_oldest_lag_ms");
    await ingest(pool, watches(50));
    await eventually(() => expect(log.batches.length).toBeGreaterThan(1), { timeoutMs: 15_000 });
    await eventually(() => expect(lag()).toBeGreaterThan(500), { timeoutMs: 15_000 });

    await ingest(pool, [aWatchEvent({ eventId: "meanwhile-1" })]);

    const { pending, publishing, published, dead } = await readOutboxSnapshot(pool, deadline());
    expect({ waiting: pending + publishing, published, dead }).toEqual({
      waiting: 51,
      published: 0,
      dead: 0,
    });
  });

  test("F21: a log that returns is met by one probe, then by the backlog in each user's order", async () => {
    const { log, eventLog } = refusing();
    await ingest(pool, watches(300));
    await using _relay = startRelay(pool, { eventLog, outboxConfig: { baseRetrySec: 1, maxRetrySec: 1 } });
    await eventually(() => expect(log.batches.length).toBeGreaterThanOrEqual(2), { timeoutMs: 15_000 });
    const before = log.batches.length;

    log.isDown = false;

    await eventually(async () => expect(await open()).toBe(0), { timeoutMs: 30_000 });
    expect(log.batches[before]).toBeLessThanOrEqual(PROBE_ROWS);
    const rows = await query(pool, "select kafka_key, event_id from event_outbox order by id");
    const users = Map.groupBy(rows, ({ kafka_key: user }) => String(user));
    const sent = new Map([...users].map(([user, own]) => [user, own.map(({ event_id: id }) => String(id))]));
    expect(await loggedByUser(pool)).toEqual(sent);
  });

  test("F25: published rows cost a claim nothing, also while an old transaction keeps vacuum from them", async () => {
    await query(
      pool,
      `insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition, status, published_at)
       select 'old-' || n, 'watch', 't', 'u', '{}', n % 8, 'published', now() from generate_series(1, 100000) n`,
    );
    const idle = postgres(database.url, { max: 1, onnotice: () => {} });
    const holding = await idle.reserve();
    await holding`begin isolation level repeatable read`;
    await holding`select count(*) from event_outbox where id < 10`;
    // What the old transaction can still see stays in the table, whatever vacuum does.
    await query(pool, "update event_outbox set updated_at = now() where id <= 20000");
    await query(pool, "vacuum analyze event_outbox");
    await ingest(pool, watches(20));
    const scans = async () => {
      const [row] = await query(
        pool,
        `select (select seq_scan::int from pg_stat_user_tables where relname = 'event_outbox') as whole,
           (select idx_scan::int from pg_stat_user_indexes where indexrelname = 'idx_event_outbox_dispatch') as partial,
           (select idx_tup_read::int from pg_stat_user_indexes where indexrelname = 'idx_event_outbox_dispatch') as read`,
      );
      return row as { whole: number; partial: number; read: number };
    };
    await query(pool, "select pg_stat_force_next_flush()");
    const before = await scans();
    const store = createOutboxStore(pool);
    const partitions = Array.from({ length: OUTBOX_PARTITIONS }, (_, partition) => partition);

    for (let claims = 0; claims < 10; claims++) {
      expect(await store.claim(partitions, 1000, deadline())).toHaveLength(20);
    }

    await eventually(
      async () => expect((await scans()).partial).toBeGreaterThanOrEqual(before.partial + 10),
      {
        timeoutMs: 15_000,
      },
    );
    const after = await scans();
    expect(after.whole).toBe(before.whole);
    expect(after.read - before.read).toBeLessThanOrEqual(10 * 20);
    expect(await readOldestTransaction(pool, deadline())).toMatchObject({ state: "idle in transaction" });
    await holding`rollback`;
    holding.release();
    await idle.end({ timeout: 1 });
  });

  test("F26: clocks two hours fast and slow move no lease and miss no heartbeat", async () => {
    const shifted = (hours: number) => ({
      ...systemClock,
      nowMs: () => systemClock.nowMs() + hours * 3_600_000,
    });
    const outboxConfig = { leaseSec: 2 };
    await using fast = startRelay(pool, { clock: shifted(2), outboxConfig });
    await using slow = startRelay(pool, { clock: shifted(-2), outboxConfig });
    const held = () =>
      query(
        pool,
        "select count(*)::int as held from outbox_partition where lease_until > now() group by owner order by owner",
      );
    await eventually(async () => expect(await held()).toEqual([{ held: 4 }, { held: 4 }]), {
      timeoutMs: 20_000,
    });
    const epochs = () =>
      query(pool, "select partition, owner, epoch from outbox_partition order by partition");
    const before = await epochs();

    // Three leases long events pass through both.
    const startMs = systemClock.monotonicMs();
    for (let round = 0; systemClock.monotonicMs() - startMs < 6_000; round++) {
      await ingest(pool, [aWatchEvent({ eventId: `shifted-${round}`, userId: `u-${round % 20}` })]);
      await eventually(async () => expect(await open()).toBe(0), { timeoutMs: 10_000 });
    }

    expect(await epochs()).toEqual(before);
    for (const relay of [fast, slow]) expect(metricValue(relay.metrics, "reco_outbox_fenced_total")).toBe(0);
  });
});

const deadline = () => Deadline.after(10_000);
