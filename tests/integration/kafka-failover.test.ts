/** Three brokers, of which one dies or hangs: nothing that was acknowledged is lost, and order holds. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { asMessage, ingest, startConsumer, startRelay, TOPICS } from "../support/backbone.ts";
import { testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../support/kafka/broker.ts";
import {
  expectApplied,
  firstAppearances,
  kafkaLog,
  makeTopics,
  readAll,
  send,
  someWatches,
  withCluster,
} from "../support/kafka/log.ts";

const missing = kafkaMissing();
const byUser = (watches: ReturnType<typeof someWatches>) =>
  Object.fromEntries(
    [...Map.groupBy(watches, ({ userId }) => String(userId))].map(([user, own]) => [
      user,
      own.map(({ eventId }) => String(eventId)),
    ]),
  );

describe.skipIf(missing !== null)(`on three brokers${missing === null ? "" : ` (${missing})`}`, () => {
  let kafka: TestKafka;

  beforeAll(async () => {
    kafka = await startKafka({ brokers: 3 });
  }, 150_000);
  afterAll(() => kafka[Symbol.asyncDispose]());

  /** Topics on all three brokers that no other test touched. */
  async function fresh() {
    await withCluster(kafka, async (admin) => {
      const topics = (await admin.listTopics()).filter((topic) =>
        Object.values<string>(TOPICS).includes(topic),
      );
      if (topics.length > 0) await admin.deleteTopics({ topics });
    });
    const database = await testDatabase();
    const pool = database.pool({ max: 20 });
    const log = kafkaLog(kafka, pool, { replication: 3, requestTimeoutMs: 3_000 });
    await eventually(() => makeTopics(log), { timeoutMs: 20_000 });
    return { pool, log, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
  }

  const leaderOf = (partition: number) =>
    withCluster(kafka, async (admin) => {
      const { topics } = await admin.metadata({ topics: [TOPICS.watches], forceUpdate: true });
      return topics.get(TOPICS.watches)?.partitions[partition]?.leader ?? -1;
    });

  test("F22: leaders that die and move under load lose nothing, and first appearances keep the order of each key", async () => {
    await using under = await fresh();
    const { pool, log } = under;
    const all = someWatches(900);
    await using _relay = startRelay(pool, { eventLog: log });
    await using _consumer = startConsumer(pool, { eventLog: log });
    await ingest(pool, all.slice(0, 300));
    await expectApplied(pool, all.slice(0, 300));

    const victim = await leaderOf(0);
    await ingest(pool, all.slice(300, 450));
    await kafka.kill(victim);
    for (let at = 450; at < 600; at += 30) await ingest(pool, all.slice(at, at + 30));
    await expectApplied(pool, all.slice(0, 600));
    expect(await leaderOf(0)).not.toBe(victim);
    await kafka.restart(victim);
    await ingest(pool, all.slice(600));
    await expectApplied(pool, all);

    const records = await readAll(log, TOPICS.watches, all.length);
    expect(firstAppearances(records)).toEqual(byUser(all));
  }, 240_000);

  test("F22: the broker that every client asks first hangs, and the others take over", async () => {
    await using under = await fresh();
    const { pool, log } = under;
    const all = someWatches(200);
    await using _relay = startRelay(pool, { eventLog: log });
    await using _consumer = startConsumer(pool, { eventLog: log });
    await ingest(pool, all.slice(0, 100));
    await expectApplied(pool, all.slice(0, 100));

    await kafka.freeze(1);
    await ingest(pool, all.slice(100));
    await expectApplied(pool, all);
    await kafka.thaw(1);

    const records = await readAll(log, TOPICS.watches, all.length);
    expect(firstAppearances(records)).toEqual(byUser(all));
  }, 240_000);

  test("F22: a relay and a consumer start while the broker that everybody asks first hangs", async () => {
    await using under = await fresh();
    const { pool, log } = under;
    const all = someWatches(60);
    await ingest(pool, all);
    await kafka.freeze(1);
    try {
      const patience = { startupMaxRetries: 10 };
      await using _relay = startRelay(pool, { eventLog: log, outboxConfig: patience });
      await using _consumer = startConsumer(pool, { eventLog: log, consumerConfig: patience });
      await expectApplied(pool, all);
    } finally {
      await kafka.thaw(1);
    }
  }, 240_000);

  test("F19: what a broker stored and reported as timed out comes again, and counts once", async () => {
    await using under = await fresh();
    const { pool, log } = under;
    const all = someWatches(60);
    const leader = await leaderOf(0);
    const followers = [1, 2, 3].filter((broker) => broker !== leader);
    await using producer = await log.producer();
    const users = new Set<string>();
    // Only users of partition 0: its leader stores what both followers, hanging, never confirm.
    const results = await producer.produce(
      all.map((watch) => asMessage(watch)),
      Deadline.after(10_000),
    );
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["acked"]));
    for (const { key, partition } of await readAll(log, TOPICS.watches, all.length)) {
      if (partition === 0) users.add(Buffer.from(key ?? []).toString());
    }
    const late = someWatches(60, 60).filter(({ userId }) => users.has(userId));
    expect(late.length).toBeGreaterThan(0);

    for (const broker of followers) await kafka.freeze(broker);
    const unsure = await producer.produce(
      late.map((watch) => asMessage(watch)),
      Deadline.after(4_500),
    );
    for (const broker of followers) await kafka.thaw(broker);
    expect(unsure.filter(({ status }) => status === "acked")).toEqual([]);
    expect(unsure[0]?.status).toBe("unknown");
    await eventually(() => send(log, late), { timeoutMs: 60_000 });

    const records = await readAll(log, TOPICS.watches, all.length + late.length);
    expect(records.length).toBeGreaterThan(all.length + late.length);
    expect(firstAppearances(records)).toEqual(byUser([...all, ...late]));
    await using _consumer = startConsumer(pool, { eventLog: log });
    await expectApplied(pool, [...all, ...late]);
  }, 240_000);
});
