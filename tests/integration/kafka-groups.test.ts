/** Consumers on a real broker while groups, topics and positions are pulled away under them. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { Assignment, EventLogConsumer } from "../../src/events/ports.ts";
import { PositionLostError } from "../../src/stores/eventlog/partition-source.ts";
import { asMessage, metricValue, query, startConsumer, TOPICS } from "../support/backbone.ts";
import { testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../support/kafka/broker.ts";
import { checkForgottenGroup, checkStaleOwner } from "../support/kafka/checks.ts";
import { expectApplied, kafkaLog, makeTopics, send, someWatches, withCluster } from "../support/kafka/log.ts";

const SETTLE = { timeoutMs: 20_000 };
const CLASSIC = { "group.coordinator.rebalance.protocols": "classic" };
/** What a member owns once it owns so much. */
const owned = (consumer: EventLogConsumer, count: number): Promise<readonly Assignment[]> =>
  eventually(() => {
    const assignments = consumer.assignments();
    expect(assignments).toHaveLength(count);
    return assignments;
  }, SETTLE);

const pollOnce = (consumer: EventLogConsumer) =>
  consumer.poll({ maxRecords: 100, timeoutMs: 200, signal: new AbortController().signal });

const missing = kafkaMissing();

describe.skipIf(missing !== null)(`on Kafka${missing === null ? "" : ` (${missing})`}`, () => {
  describe.each<[string, Record<string, string>]>([
    ["KIP-848", {}],
    ["classic groups", CLASSIC],
  ])("%s", (_, properties) => {
    let kafka: TestKafka;

    beforeAll(async () => {
      // The broker would make any topic that is asked for.
      kafka = await startKafka({ properties: { ...properties, "auto.create.topics.enable": "true" } });
    }, 150_000);
    afterAll(() => kafka[Symbol.asyncDispose]());

    const deleteAllRecords = () =>
      withCluster(kafka, (admin) => {
        const partitions = [0, 1, 2, 3].map((partition) => ({ partition, offset: -1n }));
        return admin.deleteRecords({ topics: [{ name: TOPICS.watches, partitions }] });
      });

    /** A log whose topics and group no other test touches. */
    async function fresh() {
      await withCluster(kafka, async (admin) => {
        const topics = (await admin.listTopics()).filter((topic) =>
          Object.values(TOPICS).includes(topic as never),
        );
        if (topics.length > 0) await admin.deleteTopics({ topics });
      });
      const database = await testDatabase();
      const pool = database.pool({ max: 20 });
      const log = kafkaLog(kafka, pool);
      await eventually(() => makeTopics(log), { timeoutMs: 15_000 });
      return { pool, log, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
    }

    test("F31: rebalances every 2 s in mid batch lose nothing and count nothing twice", async () => {
      await using under = await fresh();
      const { pool, log } = under;
      const all = someWatches(900);
      // Small chunks, so that each rebalance meets some in hand.
      const consumerConfig = { maxPollRecords: 7 };
      const stayer = startConsumer(pool, { eventLog: log, consumerConfig });
      const sending = (async () => {
        for (let at = 0; at < all.length; at += 60) {
          await send(log, all.slice(at, at + 60));
          await systemClock.sleep(600);
        }
      })();
      for (let round = 0; round < 4; round++) {
        const visitor = startConsumer(pool, { eventLog: log, consumerConfig });
        await systemClock.sleep(2_000);
        await visitor.actor.stop();
      }
      await sending;

      await expectApplied(pool, all);
      await stayer.actor.stop();
    }, 90_000);

    test("F31: an owner of before writes nothing once a later one has begun", async () => {
      await using under = await fresh();
      await checkStaleOwner(kafka, under.pool);
    }, 60_000);

    test("a group that Kafka forgot, and numbers anew, goes on where it stood", async () => {
      await using under = await fresh();
      await checkForgottenGroup(kafka, under.pool);
    }, 90_000);

    test("F40: a topic deleted and made again is read from its start, and what came again counts once", async () => {
      await using under = await fresh();
      const { pool, log } = under;
      const all = someWatches(160);
      await using _consumer = startConsumer(pool, { eventLog: log });
      await send(log, all.slice(0, 100));
      await expectApplied(pool, all.slice(0, 100));

      await withCluster(kafka, (admin) => admin.deleteTopics({ topics: [TOPICS.watches] }));
      await eventually(() => makeTopics(log), { timeoutMs: 15_000 });
      await send(log, all.slice(60));

      await expectApplied(pool, all);
      const ids = await query(
        pool,
        `select topic_id, sum(next_offset)::int as read from consumer_offset
         where topic = '${TOPICS.watches}' group by topic_id order by read`,
      );
      expect(ids.map(({ read }) => read)).toEqual([100, 100]);
    }, 90_000);

    test("F41: records that retention took before they were read are counted as a gap, and the rest is read", async () => {
      await using under = await fresh();
      const { pool, log } = under;
      const all = someWatches(240);
      {
        await using _before = startConsumer(pool, { eventLog: log });
        await send(log, all.slice(0, 120));
        await expectApplied(pool, all.slice(0, 120));
      }
      await send(log, all.slice(120, 180));
      await deleteAllRecords();
      await send(log, all.slice(180));

      await using after = startConsumer(pool, { eventLog: log });

      await expectApplied(pool, [...all.slice(0, 120), ...all.slice(180)]);
      const gaps = metricValue(after.metrics, "reco_feature_consumer_offset_gap_total", {
        topic: TOPICS.watches,
      });
      expect(gaps).toBeGreaterThan(0);
    }, 90_000);

    test("F41: a running reader whose position retention overtakes says so, and owns its partitions anew", async () => {
      await using under = await fresh();
      const { log } = under;
      await using reader = await log.subscribe("overtaken", "overtaken", [TOPICS.watches]);
      const before = await owned(reader, 4);
      for (const assignment of before) reader.pause(assignment);
      await send(log, someWatches(40));
      await deleteAllRecords();
      await send(log, someWatches(40, 40));
      for (const assignment of before) reader.resume(assignment);

      let reason: unknown = null;
      const offsets = new Map<number, bigint>();
      await eventually(async () => {
        const records = await pollOnce(reader).catch((error) => {
          reason = error;
          return [];
        });
        for (const { partition, offset } of records) offsets.set(partition, offsets.get(partition) ?? offset);
        expect(offsets.size).toBe(4);
      }, SETTLE);

      expect(reason).toBeInstanceOf(PositionLostError);
      for (const assignment of await owned(reader, 4)) {
        expect(assignment.generation).toBeGreaterThan(before[0]?.generation ?? 0);
        expect(await reader.bounds(assignment)).toMatchObject({
          start: offsets.get(assignment.partition) as bigint,
        });
      }
    }, 60_000);

    test("partitions added to a live topic are read", async () => {
      await using under = await fresh();
      const { pool, log } = under;
      const all = someWatches(240);
      await using _consumer = startConsumer(pool, { eventLog: log });
      await send(log, all.slice(0, 60));
      await expectApplied(pool, all.slice(0, 60));

      await withCluster(kafka, (admin) =>
        admin.createPartitions({ topics: [{ name: TOPICS.watches, count: 9, assignments: null }] }),
      );
      await eventually(() => makeTopics(log), { timeoutMs: 15_000 });
      await send(log, all.slice(60));

      await expectApplied(pool, all);
      const read = await query(
        pool,
        `select 1 from consumer_offset where topic = '${TOPICS.watches}' and partition >= 4 and next_offset > 0`,
      );
      expect(read.length).toBeGreaterThan(0);
    }, 90_000);

    test("every partition of a new topic takes records at once", async () => {
      await using under = await fresh();
      const topic = `leaders.${crypto.randomUUID()}`;
      await using producer = await under.log.producer();
      await producer.ensureTopic(topic, 40);
      const records = someWatches(200).map((watch, index) => ({
        ...asMessage(watch),
        topic,
        key: `k-${index}`,
      }));
      const results = await producer.produce(records, Deadline.after(5_000));
      expect(results.filter(({ status }) => status !== "acked")).toEqual([]);
    }, 30_000);

    test("no topic comes into being unasked, even where the broker would make it", async () => {
      await using under = await fresh();
      const topic = `unasked.${crypto.randomUUID()}`;
      const log = kafkaLog(kafka, under.pool, { create: false, requestTimeoutMs: 1_000 });
      await using producer = await log.producer();
      await expect(producer.ensureTopic(topic, 1)).rejects.toThrow(/missing/);
      const record = { topic, key: "k", value: new Uint8Array(1), headers: {} };
      expect(await producer.produce([record], Deadline.after(2_000))).toMatchObject([
        { status: "failed", class: "retryable" },
      ]);
      const joined: EventLogConsumer | null = await log
        .subscribe(`g-${topic}`, "m", [topic])
        .catch(() => null);
      await joined?.poll({ maxRecords: 1, timeoutMs: 500, signal: new AbortController().signal });
      await joined?.[Symbol.asyncDispose]();

      expect(await withCluster(kafka, (admin) => admin.listTopics())).not.toContain(topic);
    }, 30_000);

    test("a frozen broker is waited for no longer than told, and gets everything when it goes on", async () => {
      await using under = await fresh();
      const { pool, log } = under;
      const all = someWatches(60);
      await using consumer = startConsumer(pool, { eventLog: log });
      await send(log, all.slice(0, 30));
      await expectApplied(pool, all.slice(0, 30));
      await using producer = await log.producer();
      await using reader = await log.subscribe("frozen-reader", "frozen-reader", [TOPICS.watches]);
      const messages = all.slice(30).map((watch) => asMessage(watch));

      await kafka.freeze();
      const startMs = systemClock.monotonicMs();
      const [results] = await Promise.all([
        producer.produce(messages, Deadline.after(1_500)),
        reader
          .poll({ maxRecords: 1, timeoutMs: 1_500, signal: new AbortController().signal })
          .catch(() => []),
      ]);
      const tookMs = systemClock.monotonicMs() - startMs;
      await kafka.thaw();

      expect(tookMs).toBeLessThan(3_000);
      expect(results.some(({ status }) => status === "acked")).toBe(false);
      await eventually(() => send(log, all.slice(30)), { timeoutMs: 30_000 });
      await expectApplied(pool, all);
      expect(consumer.actor.busy).toBe(false);
    }, 90_000);

    test("features flow again soon after a broker is back", async () => {
      await using under = await fresh();
      const { pool, log } = under;
      const all = someWatches(40);
      await using _consumer = startConsumer(pool, { eventLog: log });
      await send(log, all.slice(0, 20));
      await using reader = await log.subscribe("comeback", "comeback", [TOPICS.watches]);
      await owned(reader, 4);
      await expectApplied(pool, all.slice(0, 20));

      await kafka.kill();
      await eventually(() => expect(reader.assignments()).toEqual([]), { timeoutMs: 20_000 });
      await kafka.restart();
      const backMs = systemClock.monotonicMs();
      await eventually(() => send(log, all.slice(20)), { timeoutMs: 30_000 });
      await expectApplied(pool, all);

      await owned(reader, 4);
      expect(systemClock.monotonicMs() - backMs).toBeLessThan(20_000);
    }, 120_000);
  });
});
