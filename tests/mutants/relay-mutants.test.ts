/** The relay with one guarantee broken at a time: the check that the real relay passes (relay-faults) must catch it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { OutboxMark, OutboxRow, ProduceRecord } from "../../src/events/ports.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { OUTBOX_PARTITIONS, query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import {
  checkLateRowIsPublished,
  checkMarkedMeansPublished,
  checkOrderUnderFaults,
  checkZombieStepsDown,
  type WrapStores,
  withOutbox,
  withProduce,
} from "../support/relay-checks.ts";

/** Marks with whatever epoch is current. */
const noFence: WrapStores = (stores, pool) =>
  withOutbox(stores, {
    mark: async (marks, deadline) => stores.outbox.mark(await unfenced(pool, marks), deadline),
  });

async function unfenced(pool: Pool, marks: readonly OutboxMark[]): Promise<OutboxMark[]> {
  const rows = await query(pool, "select partition::int, epoch::text from outbox_partition");
  const epochs = new Map(rows.map(({ partition, epoch }) => [Number(partition), BigInt(String(epoch))]));
  return marks.map((mark) => ({ ...mark, epoch: epochs.get(mark.row.partition) ?? mark.epoch }));
}

/** Says "published" before it publishes. */
const markBeforePublish: WrapStores = (stores) => {
  const unsent: { send: () => Promise<unknown> }[] = [];
  const late = withProduce(stores, (producer) => async (records: readonly ProduceRecord[], deadline) => {
    unsent.push({ send: () => producer.produce(records, deadline) });
    return records.map(() => ({ status: "acked" }));
  });
  return withOutbox(late, {
    async mark(marks, deadline) {
      const changed = await stores.outbox.mark(marks, deadline);
      for (const { send } of unsent.splice(0)) await send();
      return changed;
    },
  });
};

/** Selects by a cursor over ids instead of by state. */
const cursor: WrapStores = (stores) => {
  let last = -1n;
  return withOutbox(stores, {
    async claim(...args) {
      const rows = (await stores.outbox.claim(...args)).filter(({ id }) => id > last);
      last = rows.at(-1)?.id ?? last;
      return rows;
    },
  });
};

/** Claims single rows with SKIP LOCKED, as if partitions had no holder. */
const rowClaims: WrapStores = (stores, pool) => {
  return withOutbox(stores, {
    async claim([held = 0], limit, deadline) {
      const ids = await query(
        pool,
        `with c as (
           select id from event_outbox where status = 'pending' and published_at is null
           order by id limit ${limit} for update skip locked
         )
         update event_outbox o set status = 'publishing' from c where o.id = c.id returning o.id::text`,
      );
      if (ids.length === 0) return [];
      const claimed = new Set(ids.map(({ id }) => BigInt(String(id))));
      const rows = (await readPublishing(pool, deadline)).filter(({ id }) => claimed.has(id));
      return rows.map((row) => ({ ...row, partition: held }));
    },
  });
};

/** Rows in flight, read as the store reads claimed ones. */
const readPublishing = (pool: Pool, deadline: Deadline): Promise<OutboxRow[]> =>
  pool.use("write", deadline, async (sql) => [
    ...(await sql<OutboxRow[]>`
      select id, partition::int, event_id as "eventId", event_type as "eventType", kafka_topic as topic,
        kafka_key as key, payload::text as payload, headers, 0 as "createdAtMs",
        attempt_count as "attemptCount", max_attempts as "maxAttempts"
      from event_outbox where status = 'publishing' order by id`),
  ]);

describe("relay mutants", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool({ max: 20 });
    await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, Deadline.after(10_000));
  });
  afterEach(() => database[Symbol.asyncDispose]());

  test("without a fence a zombie's mark is caught", async () => {
    expect(await failure(checkZombieStepsDown(pool, noFence))).toContain("Expected: 1");
  });

  test("a mark before the publish is caught by the lost event", async () => {
    expect(await failure(checkMarkedMeansPublished(pool, markBeforePublish))).toContain("marked-01");
  });

  test("a cursor over ids is caught by the late row", async () => {
    expect(await failure(checkLateRowIsPublished(pool, cursor))).toContain("late-0001");
  });

  test("claims of single rows are caught by users' events out of order", async () => {
    const storm = { events: 800, users: 8, failpoints: "", freezes: 0 };

    expect(await failure(checkOrderUnderFaults(pool, rowClaims, storm))).toContain("storm-");
  });
});

/** The message with which a check failed; "passed" when it did not. */
const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );
