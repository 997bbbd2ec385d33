/** The consumer on a real database: every record ends in exactly one of processed, duplicate, ignored or dead letter. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { StoreDataError, StoreUnavailableError } from "../../src/core/errors.ts";
import { seededRandom } from "../../src/core/random.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import { effectiveInteraction } from "../../src/events/interaction.ts";
import type { EventLogConsumer, FeatureChange, ProduceRecord } from "../../src/events/ports.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import {
  append,
  asMessage,
  embeddedLog,
  metricValue,
  query,
  startConsumer,
  storeOf,
  TOPICS,
} from "../support/backbone.ts";
import {
  checkAppliedOnce,
  checkAttemptsSurviveRestart,
  checkLostChunksReturn,
  checkNothingSkipped,
  consumed,
  realStore,
} from "../support/consumer-checks.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { asTables, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { anImpressionEvent, aWatchEvent, impressionItems, NOW_MS } from "../support/plans.ts";

const WAIT = { timeoutMs: 15_000 };
const PROCESSED = "reco_feature_consumer_processed_total";

/** A record of the watch topic with any bytes as its value. */
const raw = (
  value: string | Uint8Array,
  headers: Record<string, string> = {},
  key = "u-1",
): ProduceRecord => ({
  topic: TOPICS.watches,
  key,
  value: typeof value === "string" ? Buffer.from(value) : value,
  headers,
});

describe("consumer", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool({ max: 16 });
  });
  afterEach(() => database[Symbol.asyncDispose]());

  test("folds watches into features, and says so", async () => {
    const watches = [
      aWatchEvent({ eventId: "watch-001", itemId: "i-1", tsMs: NOW_MS - 2000, watchTimeSec: 300 }),
      aWatchEvent({ eventId: "watch-002", itemId: "i-2", tsMs: NOW_MS - 1000 }),
    ];
    const changes: FeatureChange[] = [];
    await using consumer = startConsumer(pool, { onApplied: (change) => changes.push(change) });
    await append(
      pool,
      watches.map((watch) => asMessage(watch)),
    );

    await consumed(pool, 2);

    const expected = foldInteractions(
      watches.map((watch) => effectiveInteraction(watch, NOW_MS)),
      { historySize: 20, halfLifeHours: HALF_LIFE_HOURS },
    );
    expect(await readFeatures(pool)).toEqual(asTables(expected));
    expect(new Set(changes.flatMap(({ eventIds }) => eventIds))).toEqual(
      new Set(["watch-watch-001", "watch-watch-002"]),
    );
    expect(metricValue(consumer.metrics, PROCESSED, { topic: TOPICS.watches, status: "processed" })).toBe(2);
  });

  test("counts in which positions items were shown", async () => {
    await using _consumer = startConsumer(pool);
    await append(pool, [
      asMessage(anImpressionEvent({ eventId: "shown-001", items: impressionItems("i-1", "i-2") })),
      asMessage(anImpressionEvent({ eventId: "shown-002", items: impressionItems("i-2", "i-1") })),
      asMessage(anImpressionEvent({ eventId: "shown-002", items: impressionItems("i-2", "i-1") })),
    ]);

    await consumed(pool, 3);

    const rows = await query(
      pool,
      `select item_id, impressions::int, to_json(by_position[1:3]) as by_position from item_exposure order by item_id`,
    );
    expect(rows).toEqual([
      { item_id: "i-1", impressions: 2, by_position: [1, 1, 0] },
      { item_id: "i-2", impressions: 2, by_position: [1, 1, 0] },
    ]);
  });

  test("applies a message once, however often it comes", () => checkAppliedOnce(pool, realStore));

  test("applies a record later that it failed to apply", () => checkNothingSkipped(pool, realStore));

  test("adds attempts at a record up over restarts", () => checkAttemptsSurviveRestart(pool, realStore));

  test("F27: gives the features of a single ordered delivery when each message comes 100 times, shuffled", async () => {
    const watches = Array.from({ length: 20 }, (_, index) =>
      aWatchEvent({
        eventId: `shuffle-${String(index).padStart(3, "0")}`,
        userId: `u-${index % 4}`,
        itemId: `i-${(index * 7) % 9}`,
        tsMs: NOW_MS - 60_000 + index * 1000,
        watchTimeSec: (index * 13) % 150,
      }),
    );
    const random = seededRandom(27);
    const shuffled = Array.from({ length: 100 }, () => watches)
      .flat()
      .map((watch) => [random.next(), watch] as const)
      .sort(([a], [b]) => a - b)
      .map(([, watch]) => watch);
    await using consumer = startConsumer(pool, { consumerConfig: { maxPollRecords: 170 } });
    await append(
      pool,
      shuffled.map((watch) => asMessage(watch)),
    );

    await consumed(pool, 2_000);

    const expected = foldInteractions(
      watches.map((watch) => effectiveInteraction(watch, NOW_MS)),
      { historySize: 20, halfLifeHours: HALF_LIFE_HOURS },
    );
    expect(await readFeatures(pool)).toEqual(asTables(expected));
    expect(metricValue(consumer.metrics, PROCESSED, { topic: TOPICS.watches, status: "duplicate" })).toBe(
      1_980,
    );
  });

  test("F33: keeps what it cannot read as dead letters at once, with the reason, and goes on", async () => {
    await using consumer = startConsumer(pool);
    const poison = [
      raw("{not json"),
      raw(""),
      raw(Uint8Array.from([0xff, 0xfe])),
      raw("null"),
      raw('"text"'),
      raw("[1]"),
      raw('{"event_id":"poison-01","event_type":"watch"}'),
      raw(Buffer.from(asMessage(aWatchEvent({ eventId: "version-2" })).value), { schema_version: "2" }),
    ];
    await append(pool, [...poison, asMessage(aWatchEvent({ eventId: "after-001" }))]);

    await consumed(pool, poison.length + 1);

    const rows = await query(
      pool,
      `select error_class, payload, encode(raw_value, 'hex') as raw, event_id, status, retry_count
       from feature_consumer_dlq order by source_offset`,
    );
    expect(rows.map(({ error_class }) => error_class)).toEqual([
      "not_json",
      "not_json",
      "not_json",
      "not_object",
      "not_object",
      "not_object",
      "schema",
      "unknown_schema_version",
    ]);
    expect(rows.map(({ payload }) => payload).slice(0, 6)).toEqual([
      { raw_payload: "{not json", raw_encoding: "utf8" },
      { raw_payload: "", raw_encoding: "utf8" },
      { raw_payload: "//4=", raw_encoding: "base64" },
      { raw_payload: null },
      { raw_payload: "text" },
      { raw_payload: [1] },
    ]);
    expect(rows[2]?.["raw"]).toBe("fffe");
    expect(rows[6]).toMatchObject({ event_id: "poison-01", status: "pending", retry_count: 1 });
    const counted = (status: string) =>
      metricValue(consumer.metrics, PROCESSED, { topic: TOPICS.watches, status });
    expect(["invalid_payload", "invalid_event", "dlq", "processed"].map(counted)).toEqual([6, 2, 8, 1]);
  });

  test("keeps a record whose value the store cannot hold as text", async () => {
    await using _consumer = startConsumer(pool);
    await append(pool, [raw('{"a":"\\u0000"}'), raw('{"a":"\\ud800"}'), raw("{\u0000")]);

    await consumed(pool, 3);

    const rows = await query(
      pool,
      `select payload->>'raw_encoding' as encoding
       from feature_consumer_dlq order by id`,
    );
    expect(rows.map(({ encoding }) => encoding)).toEqual(["base64", "base64", "base64"]);
  });

  test("ignores event types that this build does not know", async () => {
    await using consumer = startConsumer(pool);
    await append(pool, [raw('{"event_id":"other-001","event_type":"rating"}')]);

    await consumed(pool, 1);

    expect(await query(pool, "select 1 from feature_consumer_dlq")).toEqual([]);
    expect(metricValue(consumer.metrics, PROCESSED, { topic: TOPICS.watches, status: "ignored" })).toBe(1);
  });

  test("F36: pauses while the store is down, keeps its partitions, and writes no dead letter", async () => {
    const healthy = storeOf(pool);
    let isDown = true;
    let refusals = 0;
    await using consumer = startConsumer(pool, {
      store: {
        ...healthy,
        async applyChunk(...args) {
          if (!isDown) return healthy.applyChunk(...args);
          refusals++;
          throw new StoreUnavailableError("contention", "canceling statement due to lock timeout");
        },
      },
    });
    await append(pool, [asMessage(aWatchEvent({ eventId: "paused-01" }))]);
    await eventually(() => expect(refusals).toBeGreaterThan(2), WAIT);
    const [before] = await query(pool, "select sum(generation)::int as generations from event_log_offset");

    isDown = false;
    await consumed(pool, 1);

    expect(await query(pool, "select 1 from feature_consumer_dlq")).toEqual([]);
    expect(await query(pool, "select 1 from consumer_retry")).toEqual([]);
    expect(await query(pool, "select sum(generation)::int as generations from event_log_offset")).toEqual([
      before as Record<string, unknown>,
    ]);
    expect(metricValue(consumer.metrics, PROCESSED, { topic: TOPICS.watches, status: "processed" })).toBe(1);
  });

  test("F34: gives up on the one bad record of a chunk after its tries, and applies its neighbours", async () => {
    const real = storeOf(pool);
    await using consumer = startConsumer(pool, {
      store: {
        ...real,
        async applyChunk(group, assignment, entries, ...rest) {
          const bad = entries.some((entry) => entry.kind === "watch" && entry.interaction.itemId === "bad");
          if (bad) throw new StoreDataError("22003", "value out of range");
          return real.applyChunk(group, assignment, entries, ...rest);
        },
      },
    });
    const events = ["first-001", "second-01", "third-001"].map((eventId) =>
      aWatchEvent({ eventId, itemId: eventId === "second-01" ? "bad" : "good" }),
    );
    await append(
      pool,
      events.map((event) => asMessage(event)),
    );

    await consumed(pool, 3);

    const letters = await query(
      pool,
      "select event_id, error_class, error_text, retry_count from feature_consumer_dlq",
    );
    expect(letters).toEqual([
      { event_id: "second-01", error_class: "data", error_text: "value out of range", retry_count: 3 },
    ]);
    expect(await query(pool, "select event_id from events order by event_id")).toEqual([
      { event_id: "watch-first-001" },
      { event_id: "watch-third-001" },
    ]);
    expect(await query(pool, "select 1 from consumer_retry")).toEqual([]);
    expect(metricValue(consumer.metrics, PROCESSED, { topic: TOPICS.watches, status: "error" })).toBe(3);
  });

  test("F34: keeps other partitions flowing while a record is tried again", async () => {
    const real = storeOf(pool);
    await using _consumer = startConsumer(pool, {
      consumerConfig: { maxRetriesPerMessage: 1_000_000 },
      store: {
        ...real,
        async applyChunk(group, assignment, entries, ...rest) {
          if (entries.some(({ record }) => Buffer.from(record.key ?? []).toString() === "21")) {
            throw new StoreDataError("22003", "value out of range");
          }
          return real.applyChunk(group, assignment, entries, ...rest);
        },
      },
    });
    await append(pool, [asMessage(aWatchEvent({ eventId: "stuck-001", userId: "21" }))]);
    await eventually(
      async () => expect(await query(pool, "select 1 from consumer_retry")).toHaveLength(1),
      WAIT,
    );

    await append(pool, [asMessage(aWatchEvent({ eventId: "flows-001", userId: "abc" }))]);

    await consumed(pool, 1);
    expect(await query(pool, "select event_id from events")).toEqual([{ event_id: "watch-flows-001" }]);
  });

  test("does not apply again what was committed before its process died", async () => {
    await append(pool, [asMessage(aWatchEvent({ eventId: "commit-01", watchTimeSec: 300 }))]);
    const deaf = embeddedLog(pool);
    await using _first = startConsumer(pool, {
      eventLog: {
        ...deaf,
        async subscribe(...args) {
          const consumer = await deaf.subscribe(...args);
          consumer.commit = () => Promise.reject(new Error("killed before the log's commit"));
          return consumer;
        },
      },
    });
    await consumed(pool, 1);
    await _first.actor.stop();

    await using second = startConsumer(pool);
    await append(pool, [asMessage(aWatchEvent({ eventId: "commit-02", watchTimeSec: 300 }))]);
    await consumed(pool, 2);

    expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 20 }]);
    expect(metricValue(second.metrics, PROCESSED, { topic: TOPICS.watches, status: "duplicate" })).toBe(0);
  });

  test("applies again what a crash of the server has undone", async () => {
    await checkLostChunksReturn(pool, realStore);
  });

  test("lets a stale generation write nothing", async () => {
    const store = storeOf(pool);
    const place = { topic: TOPICS.watches, topicId: "t-1", partition: 0 };
    const deadline = () => Deadline.after(5_000);
    await store.takeOver("group", { ...place, generation: 1 }, deadline());
    await store.takeOver("group", { ...place, generation: 2 }, deadline());

    const result = await store.applyChunk(
      "group",
      { ...place, generation: 1 },
      [
        {
          kind: "watch",
          record: { ...place, offset: 0n, key: null, value: null, headers: {}, timestampMs: NOW_MS },
          streamEventId: "watch-stale-001",
          interaction: effectiveInteraction(aWatchEvent({ eventId: "stale-001" }), NOW_MS),
        },
      ],
      1n,
      deadline(),
    );

    expect(result).toBe("fenced");
    expect(await query(pool, "select 1 from events")).toEqual([]);
    expect(await query(pool, "select 1 from feature_event_consumed")).toEqual([]);
    expect(await store.takeOver("group", { ...place, generation: 1 }, deadline())).toBe("fenced");
  });

  test("F40: reads a recreated topic from its start and de-duplicates", async () => {
    await using consumer = startConsumer(pool);
    await append(
      pool,
      [1, 2, 3].map((index) => asMessage(aWatchEvent({ eventId: `topic-00${index}` }))),
    );
    await consumed(pool, 3);
    await query(
      pool,
      "delete from event_log; delete from event_log_topic; update event_log_partition set next_offset = 0",
    );

    await append(
      pool,
      [3, 4].map((index) => asMessage(aWatchEvent({ eventId: `topic-00${index}` }))),
    );

    await eventually(async () => {
      const rows = await query(pool, "select event_id from events order by event_id");
      expect(rows.map(({ event_id }) => event_id)).toEqual(
        [1, 2, 3, 4].map((index) => `watch-topic-00${index}`),
      );
    }, WAIT);
    expect(metricValue(consumer.metrics, PROCESSED, { topic: TOPICS.watches, status: "duplicate" })).toBe(1);
  });

  test("F41: tells that records were lost when its offset is out of retention, and goes on behind the gap", async () => {
    await append(
      pool,
      [1, 2].map((index) => asMessage(aWatchEvent({ eventId: `before-0${index}` }))),
    );
    {
      await using first = startConsumer(pool, { consumerConfig: { maxPollRecords: 1 } });
      await consumed(pool, 2);
      await first.actor.stop();
    }
    await append(
      pool,
      [3, 4].map((index) => asMessage(aWatchEvent({ eventId: `behind-0${index}` }))),
    );
    await query(
      pool,
      `delete from event_log where headers->>'event_id' in ('before-01', 'before-02', 'behind-03')`,
    );

    await using second = startConsumer(pool);
    await consumed(pool, 4);

    expect(
      metricValue(second.metrics, "reco_feature_consumer_offset_gap_total", { topic: TOPICS.watches }),
    ).toBe(1);
    expect(await query(pool, "select 1 from events where event_id = 'watch-behind-04'")).toHaveLength(1);
  });

  test("gives a record up that killed its process twice while it was handled alone", async () => {
    await append(pool, [
      asMessage(aWatchEvent({ eventId: "killer-01" })),
      asMessage(aWatchEvent({ eventId: "after-001" })),
    ]);
    await killWhileHandling(pool);
    await killWhileHandling(pool);

    await using _third = startConsumer(pool, { restarted: true });
    await consumed(pool, 2);

    expect(await query(pool, "select event_id, error_class from feature_consumer_dlq")).toEqual([
      { event_id: "killer-01", error_class: "handler" },
    ]);
    expect(await query(pool, "select event_id from events")).toEqual([{ event_id: "watch-after-001" }]);
  });

  test("shows the lag of the partitions it has", async () => {
    await using consumer = startConsumer(pool);
    await append(pool, [asMessage(aWatchEvent({ eventId: "lag-00001" }))]);

    await consumed(pool, 1);

    await eventually(() => {
      const lags = consumer.metrics
        .snapshot()
        .series.filter(({ name }) => name === "reco_feature_consumer_partition_lag");
      expect(lags.map(({ values }) => values[0])).toEqual(new Array(8).fill(0));
    }, WAIT);
  });

  test("leaves nothing owned when it stops", async () => {
    await append(pool, [asMessage(aWatchEvent({ eventId: "leave-001" }))]);
    const consumer = startConsumer(pool);
    await consumed(pool, 1);

    await consumer.actor.stop();

    expect(await query(pool, "select 1 from event_log_offset where owner is not null")).toEqual([]);
    expect(await query(pool, "select 1 from event_log_member")).toEqual([]);
  });
});

/** A restarted consumer that begins its first record and then is no more. */
async function killWhileHandling(pool: Pool): Promise<void> {
  const log = embeddedLog(pool);
  const membership = Promise.withResolvers<EventLogConsumer>();
  const begun = Promise.withResolvers<void>();
  const { actor } = startConsumer(pool, {
    restarted: true,
    consumerConfig: { shutdownMs: 1 },
    eventLog: {
      ...log,
      async subscribe(...args) {
        const consumer = await log.subscribe(...args);
        membership.resolve(consumer);
        return consumer;
      },
    },
    store: {
      ...storeOf(pool),
      applyChunk() {
        begun.resolve();
        return Promise.withResolvers<never>().promise;
      },
    },
  });
  await begun.promise;
  await actor.stop();
  await (await membership.promise)[Symbol.asyncDispose]();
}
