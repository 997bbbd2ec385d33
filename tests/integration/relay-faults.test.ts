/** Relays that crash, sleep past their leases and meet each other: nothing is lost and each user's order holds. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { createOutboxStore } from "../../src/stores/postgres/outbox-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { OUTBOX_PARTITIONS, query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import {
  checkLateRowIsPublished,
  checkMarkedMeansPublished,
  checkOrderUnderFaults,
  checkZombieStepsDown,
  realStores,
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

  test("a relay that slept past its lease marks nothing and steps down", () =>
    checkZombieStepsDown(pool, realStores));

  test("a relay that dies right after a mark has lost nothing", () =>
    checkMarkedMeansPublished(pool, realStores));

  test("a row that commits late with a lower id is published", () =>
    checkLateRowIsPublished(pool, realStores));

  test("two relays that crash and sleep keep each user's order and lose nothing", () =>
    checkOrderUnderFaults(pool, realStores, {
      events: 800,
      users: 40,
      failpoints: "relay.after_publish=throw@9;relay.after_claim=throw@23",
      freezes: 2,
    }));

  test("two relays that take at once never get one partition both, and its epoch grows with each taking", async () => {
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

const deadline = () => Deadline.after(10_000);
