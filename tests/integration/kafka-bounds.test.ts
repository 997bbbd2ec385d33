/** What the verifier learns from real brokers, and what it makes of it. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { createGenerations } from "../../src/stores/eventlog/generations.ts";
import { createKafkaLog } from "../../src/stores/eventlog/kafka.ts";
import { readKafkaBounds } from "../../src/stores/eventlog/kafka-bounds.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import {
  GROUP,
  LOG_PARTITIONS,
  OUTBOX_PARTITIONS,
  query,
  startConsumer,
  startRelay,
  TOPICS,
} from "../support/backbone.ts";
import { testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../support/kafka/broker.ts";
import { soon } from "../support/outbox-checks.ts";
import { acknowledge, found, verifierOf, type WrapPorts } from "../support/verifier-checks.ts";

const missing = kafkaMissing();

describe.skipIf(missing !== null)(`on Kafka${missing === null ? "" : ` (${missing})`}`, () => {
  let kafka: TestKafka;

  beforeAll(async () => {
    kafka = await startKafka();
  }, 150_000);
  afterAll(() => kafka[Symbol.asyncDispose]());

  const connection = (requestTimeoutMs = 5_000) => ({
    bootstrapServers: [kafka.bootstrap],
    clientId: "verifier",
    requestTimeoutMs,
  });
  const topics = Object.values(TOPICS);

  test("the bounds of every partition are told, and the verifier goes by them", async () => {
    await using database = await testDatabase();
    const pool = database.pool({ max: 20 });
    await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, soon());
    const eventLog = createKafkaLog({
      connection: connection(),
      topics: { create: true, replication: 1 },
      clock: systemClock,
      nextGeneration: createGenerations(pool, systemClock),
    });
    const onKafka: WrapPorts = (ports) => ({
      ...ports,
      readBounds: () => readKafkaBounds(connection(), topics, systemClock),
    });
    const verifier = verifierOf(pool, onKafka);
    await acknowledge(pool);
    await using _relay = startRelay(pool, { eventLog });
    await eventually(
      async () =>
        expect(await query(pool, "select 1 from event_outbox where status <> 'published'")).toEqual([]),
      { timeoutMs: 20_000 },
    );

    const bounds = await readKafkaBounds(connection(), topics, systemClock);
    expect(bounds).toHaveLength(2 * LOG_PARTITIONS);
    expect(bounds.reduce((sum, { end }) => sum + end, 0n)).toBe(6n);
    expect(bounds.every(({ start, topicId }) => start === 0n && topicId.length > 0)).toBe(true);
    expect(await found(pool, verifier)).toEqual([]);

    {
      await using _consumer = startConsumer(pool, { eventLog });
      await eventually(
        async () => expect(await query(pool, "select 1 from feature_event_consumed")).toHaveLength(6),
        { timeoutMs: 20_000 },
      );
    }
    expect(await found(pool, verifier)).toEqual([]);
    const [offset] = await query(
      pool,
      `select topic_id from consumer_offset where consumer = '${GROUP}' and next_offset > 0`,
    );
    expect(bounds.map(({ topicId }) => topicId)).toContain(String(offset?.["topic_id"]));

    await query(pool, "delete from feature_event_consumed where stream_event_id = 'watch-verify-w1'");
    expect(await found(pool, verifier)).toEqual(["watch verify-w1: effect"]);
  }, 90_000);

  test("brokers that do not answer fail the question in time", async () => {
    await kafka.kill();
    const startedMs = performance.now();
    const failure = await readKafkaBounds(connection(2_000), topics, systemClock).catch((error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  }, 30_000);
});
