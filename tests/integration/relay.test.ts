/** The relay on a real database: what it promises about publishing, order, failures and handing over. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { EventLog, ProduceRecord, ProduceResult } from "../../src/events/ports.ts";
import { readOutboxSnapshot } from "../../src/stores/postgres/outbox-snapshot.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import {
  embeddedLog,
  ingest,
  LOG_PARTITIONS,
  loggedByUser,
  metricValue,
  query,
  startRelay,
  TOPICS,
} from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { anImpressionEvent, aWatchEvent } from "../support/plans.ts";

const WAIT = { timeoutMs: 15_000 };

/** A log whose producer is told what to answer, record by record; null appends for real. */
function scriptedLog(pool: Pool, answer: (record: ProduceRecord) => ProduceResult | null): EventLog {
  const real = embeddedLog(pool);
  return {
    subscribe: real.subscribe,
    async producer() {
      const producer = await real.producer();
      return {
        ensureTopic: (topic, partitions) => producer.ensureTopic(topic, partitions),
        async produce(records, deadline) {
          const scripted = records.map(answer);
          const accepted = records.filter((_, index) => scripted[index] === null);
          const results = await producer.produce(accepted, deadline);
          return scripted.map((result) => result ?? results[0] ?? { status: "acked" });
        },
        [Symbol.asyncDispose]: () => producer[Symbol.asyncDispose](),
      };
    },
  };
}

const eventIdOf = (record: ProduceRecord) => record.headers["event_id"];
const REFUSED: ProduceResult = { status: "failed", class: "retryable", error: "broker busy" };

describe("relay", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeAll(async () => {
    database = await testDatabase();
    pool = database.pool();
  });
  afterAll(() => database[Symbol.asyncDispose]());
  beforeEach(async () => {
    await query(
      pool,
      `truncate event_outbox, outbox_partition, outbox_relay_member, outbox_counter, event_log, event_log_topic,
       event_log_partition, ingested_event, watches, impressions`,
    );
  });

  const statuses = async () => {
    const rows = await query(pool, "select event_id, status, attempt_count from event_outbox order by id");
    return rows.map(({ event_id, status, attempt_count }) => `${event_id} ${status} ${attempt_count}`);
  };

  test("publishes every row with the value that ingest wrote and the documented headers", async () => {
    const watch = aWatchEvent({
      eventId: "watch-ev-0001",
      userId: "Zoë",
      percentWatched: 95,
      watchTimeSec: 60,
    });
    await ingest(pool, [watch, anImpressionEvent({ eventId: "imp-ev-00001" })]);
    await using _relay = startRelay(pool);

    await eventually(
      async () => expect(await statuses()).toEqual(["watch-ev-0001 published 1", "imp-ev-00001 published 1"]),
      WAIT,
    );

    const [row] = await query(
      pool,
      `select convert_from(value, 'UTF8') as value, headers, convert_from(key, 'UTF8') as key
       from event_log where topic = '${TOPICS.watches}'`,
    );
    expect(row).toMatchObject({
      key: "Zoë",
      value:
        '{"event_id":"watch-ev-0001","user_id":"Zo\\u00eb","session_id":"s-1","request_id":"req-0001",' +
        '"ts_ms":1767225600000,"server_received_ts_ms":1767225600000,"event_type":"watch","item_id":"i-1",' +
        '"watch_time_sec":60,"percent_watched":95}',
      headers: { event_id: "watch-ev-0001", schema_version: "1", occurred_at: "1767225600000" },
    });
    expect(Object.keys(row?.["headers"] as object).sort()).toEqual([
      "event_id",
      "occurred_at",
      "outbox_id",
      "partition_epoch",
      "schema_version",
    ]);
  });

  test("publishes a row that commits late with a lower id", async () => {
    await using _relay = startRelay(pool);
    const late = pool.transaction("write", Deadline.after(10_000), async (tx) => {
      await tx.unsafe(outboxInsert("late-0001", "u-late"));
      await ingest(pool, [aWatchEvent({ eventId: "early-001" })]);
      await eventually(async () => expect(await statuses()).toEqual(["early-001 published 1"]), WAIT);
    });
    await late;

    await eventually(
      async () => expect(await statuses()).toEqual(["late-0001 published 1", "early-001 published 1"]),
      WAIT,
    );
  });

  test("F23: drains by polling when no hint ever comes", async () => {
    await using _relay = startRelay(pool);
    await eventually(
      async () => expect((await query(pool, "select 1 from event_log_topic")).length).toBe(2),
      WAIT,
    );

    await ingest(pool, [aWatchEvent({ eventId: "quiet-001" })]);

    await eventually(async () => expect(await statuses()).toEqual(["quiet-001 published 1"]), WAIT);
  });

  test("publishes at a hint long before its next poll", async () => {
    await using relay = startRelay(pool, { outboxConfig: { pollIntervalMs: 60_000 } });
    await eventually(async () => {
      const held = await query(pool, "select 1 from outbox_partition where owner is not null");
      expect(held.length).toBeGreaterThan(0);
    }, WAIT);

    await ingest(pool, [aWatchEvent({ eventId: "hinted-01" })]);
    relay.actor.wake();

    await eventually(async () => expect(await statuses()).toEqual(["hinted-01 published 1"]), WAIT);
  });

  test("delays a failed row, holds later rows of its user back uncounted, and lets others pass", async () => {
    await ingest(pool, [
      aWatchEvent({ eventId: "u1-000001", userId: "u-1" }),
      aWatchEvent({ eventId: "u1-000002", userId: "u-1" }),
      aWatchEvent({ eventId: "u2-000001", userId: "u-2" }),
    ]);
    const refuseFirst = (record: ProduceRecord) => (record.key === "u-1" ? REFUSED : null);
    await using relay = startRelay(pool, {
      eventLog: scriptedLog(pool, refuseFirst),
      outboxConfig: { baseRetrySec: 600, maxRetrySec: 600 },
    });

    await eventually(
      async () =>
        expect(await statuses()).toEqual([
          "u1-000001 pending 1",
          "u1-000002 pending 0",
          "u2-000001 published 1",
        ]),
      WAIT,
    );
    await ingest(pool, [aWatchEvent({ eventId: "u1-000003", userId: "u-1" })]);

    const due = await eventually(async () => {
      const rows = await query(
        pool,
        `select event_id, attempt_count, last_error, next_attempt_at from event_outbox
         where kafka_key = 'u-1' and next_attempt_at > now() order by id`,
      );
      expect(rows).toHaveLength(3);
      return rows;
    }, WAIT);
    expect(due.map(({ attempt_count }) => attempt_count)).toEqual([1, 0, 0]);
    expect(new Set(due.map(({ next_attempt_at }) => String(next_attempt_at))).size).toBe(1);
    expect(due[0]?.["last_error"]).toBe("broker busy");
    expect(metricValue(relay.metrics, "reco_outbox_relay_failed_total", { topic: TOPICS.watches })).toBe(1);
  });

  test("F21: publishes a user's rows in order after a failure of the first one", async () => {
    let refusals = 1;
    const flaky = (record: ProduceRecord) =>
      eventIdOf(record) === "order-001" && refusals-- > 0 ? REFUSED : null;
    await ingest(pool, [aWatchEvent({ eventId: "order-001" })]);
    await using relay = startRelay(pool, { eventLog: scriptedLog(pool, flaky) });
    await eventually(async () => expect(await statuses()).toEqual(["order-001 pending 1"]), WAIT);

    await ingest(pool, [aWatchEvent({ eventId: "order-002" }), aWatchEvent({ eventId: "order-003" })]);
    relay.actor.wake();

    await eventually(
      async () =>
        expect((await loggedByUser(pool)).get("u-1")).toEqual(["order-001", "order-002", "order-003"]),
      WAIT,
    );
    // The log has a row before the outbox knows.
    const published = ["order-001 published 2", "order-002 published 1", "order-003 published 1"];
    await eventually(async () => expect(await statuses()).toEqual(published), WAIT);
  });

  test("gives a row up at its last attempt, with the error, and lets the rows behind it go", async () => {
    await ingest(pool, [aWatchEvent({ eventId: "dead-0001" }), aWatchEvent({ eventId: "dead-0002" })]);
    await query(pool, "update event_outbox set max_attempts = 1 where event_id = 'dead-0001'");
    const refuseFirst = (record: ProduceRecord) => (eventIdOf(record) === "dead-0001" ? REFUSED : null);
    await using _relay = startRelay(pool, { eventLog: scriptedLog(pool, refuseFirst) });

    await eventually(
      async () => expect(await statuses()).toEqual(["dead-0001 dead 1", "dead-0002 published 1"]),
      WAIT,
    );
  });

  test("F15: gives a row up at once when the log refuses it for good", async () => {
    await ingest(pool, [aWatchEvent({ eventId: "large-001" })]);
    const refuse = (): ProduceResult => ({ status: "failed", class: "too_large", error: "2000000 bytes" });
    await using _relay = startRelay(pool, { eventLog: scriptedLog(pool, refuse) });

    await eventually(async () => {
      const rows = await query(pool, "select status, last_error from event_outbox");
      expect(rows).toEqual([{ status: "dead", last_error: "message_too_large: 2000000 bytes" }]);
    }, WAIT);
  });

  test("gives a row up at once when its payload is not an object", async () => {
    await ingest(pool, [aWatchEvent({ eventId: "array-001" })]);
    await query(pool, `update event_outbox set payload = '[1]'`);
    await using relay = startRelay(pool);

    await eventually(async () => expect(await statuses()).toEqual(["array-001 dead 1"]), WAIT);
    expect(metricValue(relay.metrics, "reco_outbox_relay_errors_total", { stage: "process" })).toBe(1);
  });

  test("F19: sends a row again whose publication ended in doubt", async () => {
    let doubts = 1;
    const doubtful = (): ProduceResult | null =>
      doubts-- > 0 ? { status: "unknown", error: "timeout" } : null;
    await ingest(pool, [aWatchEvent({ eventId: "doubt-001" })]);
    await using _relay = startRelay(pool, { eventLog: scriptedLog(pool, doubtful) });

    await eventually(async () => expect(await statuses()).toEqual(["doubt-001 published 2"]), WAIT);
  });

  test("goes on by itself when the log returns after an outage", async () => {
    let isDown = true;
    await ingest(pool, [
      aWatchEvent({ eventId: "outage-01" }),
      aWatchEvent({ eventId: "outage-02", userId: "u-2" }),
    ]);
    await using relay = startRelay(pool, { eventLog: scriptedLog(pool, () => (isDown ? REFUSED : null)) });
    await eventually(
      () =>
        expect(
          metricValue(relay.metrics, "reco_outbox_relay_errors_total", { stage: "publish" }),
        ).toBeGreaterThan(0),
      WAIT,
    );

    isDown = false;

    await eventually(async () => {
      const open = await query(pool, "select 1 from event_outbox where status <> 'published'");
      expect(open).toEqual([]);
    }, WAIT);
  });

  test("waits for a store that is not migrated yet", async () => {
    let isReady = false;
    await ingest(pool, [aWatchEvent({ eventId: "later-001" })]);
    await query(pool, "insert into outbox_partition (partition) select generate_series(0, 7)");
    await using relay = startRelay(pool, {
      checkStore: async () => {
        if (!isReady) throw new Error("relation does not exist");
      },
    });
    await eventually(
      () =>
        expect(
          metricValue(relay.metrics, "reco_outbox_relay_errors_total", { stage: "startup" }),
        ).toBeGreaterThan(1),
      WAIT,
    );

    isReady = true;

    await eventually(async () => expect(await statuses()).toEqual(["later-001 published 1"]), WAIT);
  });

  test("ends with the error when start-up retries are used up", async () => {
    await using relay = startRelay(pool, {
      outboxConfig: { startupMaxRetries: 2 },
      checkStore: () => Promise.reject(new Error("no such store")),
    });

    expect(await relay.ended).toMatchObject({ message: "no such store" });
  });

  test("hands its partitions over at once when it stops", async () => {
    const first = startRelay(pool, { outboxConfig: { leaseSec: 600 } });
    await eventually(async () => expect(await owners()).toEqual([8]), WAIT);

    await first.actor.stop();

    expect(await query(pool, "select 1 from outbox_partition where owner is not null")).toEqual([]);
    expect(await query(pool, "select 1 from outbox_relay_member")).toEqual([]);
  });

  test("shares the partitions with a second relay", async () => {
    await using _first = startRelay(pool);
    await eventually(async () => expect(await owners()).toEqual([8]), WAIT);
    await using _second = startRelay(pool);

    await eventually(async () => expect(await owners()).toEqual([4, 4]), WAIT);
  });

  test("counts the backlog: pending, in flight, published and dead", async () => {
    await ingest(pool, [
      aWatchEvent({ eventId: "count-001" }),
      aWatchEvent({ eventId: "count-002", userId: "u-2" }),
    ]);
    const before = await readOutboxSnapshot(pool, Deadline.after(5_000));
    await using _relay = startRelay(pool);
    await eventually(
      async () => expect(await statuses()).toEqual(["count-001 published 1", "count-002 published 1"]),
      WAIT,
    );

    const after = await readOutboxSnapshot(pool, Deadline.after(5_000));

    expect(before).toMatchObject({ pending: 2, publishing: 0, published: 0, dead: 0 });
    expect(before.oldestLagMs).toBeGreaterThan(0);
    expect(after).toEqual({ pending: 0, publishing: 0, published: 2, dead: 0, oldestLagMs: 0 });
  });

  test("appends to the number of partitions that it was told", async () => {
    await using _relay = startRelay(pool);

    await eventually(async () => {
      const topics = await query(pool, "select topic, partitions from event_log_topic order by topic");
      expect(topics).toEqual([
        { topic: TOPICS.impressions, partitions: LOG_PARTITIONS },
        { topic: TOPICS.watches, partitions: LOG_PARTITIONS },
      ]);
    }, WAIT);
  });

  async function owners(): Promise<unknown[]> {
    const rows = await query(
      pool,
      "select count(*)::int as held from outbox_partition where lease_until > now() group by owner order by 1",
    );
    return rows.map(({ held }) => held);
  }
});

/** An outbox row of a watch, past ingest. */
const outboxInsert = (eventId: string, userId: string) => `
  insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition)
  values ('${eventId}', 'watch', '${TOPICS.watches}', '${userId}', '{"event_id":"${eventId}"}', 0)`;
