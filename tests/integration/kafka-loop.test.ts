/** The whole path on a real broker: accepted, published, consumed, counted once, whatever happens to the broker. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { checkKafka } from "../../src/cli/doctor/kafka.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import { effectiveInteraction } from "../../src/events/interaction.ts";
import type { WatchEvent } from "../../src/events/model.ts";
import type { EventLog } from "../../src/events/ports.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import {
  asMessage,
  ingest,
  LOG_PARTITIONS,
  query,
  startConsumer,
  startRelay,
  TOPICS,
} from "../support/backbone.ts";
import { consumed } from "../support/consumer-checks.ts";
import { testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { asTables, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../support/kafka/broker.ts";
import { kafkaLog } from "../support/kafka/log.ts";
import { aWatchEvent, NOW_MS } from "../support/plans.ts";
import { configOf } from "../unit/cli/doctor/configs.ts";

const watches: readonly WatchEvent[] = Array.from({ length: 240 }, (_, index) =>
  aWatchEvent({
    eventId: `kafka-${String(index).padStart(4, "0")}`,
    userId: `u-${index % 12}`,
    itemId: `i-${(index * 5) % 17}`,
    tsMs: NOW_MS - 600_000 + index * 1000,
    watchTimeSec: (index * 13) % 150,
  }),
);

async function expectModelFeatures(pool: Pool): Promise<void> {
  const expected = foldInteractions(
    watches.map((watch) => effectiveInteraction(watch, NOW_MS)),
    { historySize: 20, halfLifeHours: HALF_LIFE_HOURS },
  );
  expect(await readFeatures(pool)).toEqual(asTables(expected));
  expect(await query(pool, "select 1 from feature_consumer_dlq")).toEqual([]);
}

/** Waits until everything is published and consumed: what the broker took without being able to say so lies there twice. */
async function allConsumed(pool: Pool, log: EventLog, atLeast: number): Promise<void> {
  await eventually(
    async () =>
      expect(await query(pool, "select 1 from event_outbox where status <> 'published'")).toEqual([]),
    { timeoutMs: 60_000 },
  );
  const records = await recordsIn(log);
  expect(records).toBeGreaterThanOrEqual(atLeast);
  await eventually(() => consumed(pool, records), { timeoutMs: 60_000 });
}

/** By the ends of all partitions. */
async function recordsIn(log: EventLog): Promise<number> {
  const topics = Object.values(TOPICS);
  await using reader = await log.subscribe("ends", "ends", topics);
  await eventually(() => expect(reader.assignments()).toHaveLength(topics.length * LOG_PARTITIONS), {
    timeoutMs: 30_000,
  });
  const bounds = await Promise.all(reader.assignments().map((assignment) => reader.bounds(assignment)));
  return bounds.reduce((sum, { end }) => sum + Number(end), 0);
}

const missing = kafkaMissing();

describe.skipIf(missing !== null)(`on Kafka${missing === null ? "" : ` (${missing})`}`, () => {
  let kafka: TestKafka;

  beforeAll(async () => {
    kafka = await startKafka();
  }, 150_000);
  afterAll(() => kafka[Symbol.asyncDispose]());

  test("a killed broker loses nothing and nothing counts twice", async () => {
    await using database = await testDatabase();
    const pool = database.pool({ max: 20 });
    const eventLog = kafkaLog(kafka, pool);
    await using _relay = startRelay(pool, { eventLog });
    await using _consumer = startConsumer(pool, { eventLog });
    await ingest(pool, watches.slice(0, 100));
    await allConsumed(pool, eventLog, 100);

    await ingest(pool, watches.slice(100, 150));
    await kafka.kill();
    await ingest(pool, watches.slice(150));
    const [pending] = await query(
      pool,
      "select count(*)::int as n from event_outbox where status <> 'published'",
    );
    expect(pending?.["n"]).toBeGreaterThanOrEqual(90);
    await kafka.restart();

    await allConsumed(pool, eventLog, watches.length);
    await expectModelFeatures(pool);
  }, 150_000);

  test("doctor finds the broker, and too few for the replicas asked for", async () => {
    const env = { KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrap };
    expect(await checkKafka(configOf(env))).toEqual({ status: "pass", detail: `brokers ${kafka.bootstrap}` });
    expect(await checkKafka(configOf({ ...env, KAFKA_TOPIC_REPLICATION: "3" }))).toMatchObject({
      status: "fail",
    });
  });

  test("doctor finds the broker behind a server that lets everybody in and says nothing", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const env = { KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${silent.port},${kafka.bootstrap}` };
    expect(await checkKafka(configOf(env))).toMatchObject({ status: "pass" });
    const alone = { KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${silent.port}`, KAFKA_REQUEST_TIMEOUT_MS: "1000" };
    expect(await checkKafka(configOf(alone))).toMatchObject({ status: "fail" });
  });

  test("a producer works again on the same object after the broker returns", async () => {
    await using database = await testDatabase();
    await using producer = await kafkaLog(kafka, database.pool()).producer();
    await producer.ensureTopic(TOPICS.watches, 4);
    const record = asMessage(watches[0] as WatchEvent);
    await kafka.kill();

    const [whileDown] = await producer.produce([record], Deadline.after(1_000));
    await kafka.restart();

    expect(whileDown?.status).not.toBe("acked");
    await eventually(
      async () =>
        expect(await producer.produce([record], Deadline.after(5_000))).toEqual([{ status: "acked" }]),
      { timeoutMs: 30_000 },
    );
  }, 120_000);
});
