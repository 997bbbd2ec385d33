import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { StoreDataError } from "../../src/core/errors.ts";
import type { AnyEvent } from "../../src/events/model.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import type { Connection, Pool } from "../../src/stores/postgres/pool-types.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { FEATURE_TABLES, readFeatures } from "../support/feature-tables.ts";
import {
  aDirectEvent,
  anImpressionEvent,
  aWatchEvent,
  impressionItems,
  NOW_MS,
  planOf,
} from "../support/plans.ts";

const clock = { ...systemClock, nowMs: () => NOW_MS };

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() =>
  query(
    (sql) => sql`
      truncate ${sql.unsafe(FEATURE_TABLES)}, ingested_event, impressions, watches,
        event_outbox`,
  ),
);

const query = <T>(work: (sql: Connection) => Promise<T>) => pool.use("write", Deadline.after(5_000), work);

const accept = (events: readonly AnyEvent[], from: Pool = pool) =>
  createIngestStore(from, clock).accept(events.map(planOf), Deadline.after(10_000));

const outcomesOf = async (...events: AnyEvent[]) => (await accept(events)).outcomes;

const countRows = async (table: string) => {
  const [row] = await query(
    (sql) => sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(table)}`,
  );
  return row?.rows;
};

const rowCounts = async () => {
  const tables = ["ingested_event", "events", "impressions", "watches", "event_outbox", "item_popularity"];
  const counts = await Promise.all(tables.map(async (table) => [table, await countRows(table)] as const));
  return Object.fromEntries(counts.filter(([, rows]) => rows !== 0));
};

describe("a watch", () => {
  test("is stored as ledger row, fact and outbox row", async () => {
    const watch = aWatchEvent({ percentWatched: 62.5, ended: false, playbackSpeed: 1.25, rebufferCount: 2 });
    expect(await outcomesOf(watch)).toEqual(["accepted"]);
    const [row] = await query(
      (sql) => sql`
      select w.*, o.payload, jsonb_typeof(o.payload) as payload_type, o.kafka_topic, o.kafka_key, o.partition, o.status
      from watches w join event_outbox o using (event_id) join ingested_event l using (event_id)`,
    );
    expect(row).toMatchObject({
      event_id: "log-0001",
      user_id: "u-1",
      ts_ms: BigInt(NOW_MS),
      watch_time_sec: 10,
      percent_watched: 62.5,
      ended: false,
      playback_speed: 1.25,
      rebuffer_count: 2,
      context: null,
      payload: { event_id: "log-0001", event_type: "watch" },
      payload_type: "object",
      kafka_topic: "topic.watch",
      kafka_key: "u-1",
      partition: 3,
      status: "pending",
    });
  });

  test("changes no features by itself", async () => {
    const { changed } = await accept([aWatchEvent()]);
    expect(changed.itemIds).toEqual([]);
    expect(await countRows("item_popularity")).toBe(0);
  });

  test("is a duplicate without outbox row when its fact outlived the ledger", async () => {
    await accept([aWatchEvent()]);
    await query((sql) => sql`truncate ingested_event, event_outbox`);
    expect(await outcomesOf(aWatchEvent())).toEqual(["duplicate"]);
    expect(await countRows("event_outbox")).toBe(0);
  });
});

describe("an impression", () => {
  test("is stored as a row an item, with its context as an object", async () => {
    const context = { device: 'mobile "x"', locale: "é" };
    await accept([anImpressionEvent({ context, items: impressionItems("a", 'b,"{}', "c") })]);
    const rows = await query(
      (sql) => sql`
      select item_id, position, feed_id, slot, context, jsonb_typeof(context) as type
      from impressions order by position`,
    );
    expect([...rows]).toEqual([
      { item_id: "a", position: 0, feed_id: null, slot: null, context, type: "object" },
      { item_id: 'b,"{}', position: 1, feed_id: null, slot: null, context, type: "object" },
      { item_id: "c", position: 2, feed_id: null, slot: null, context, type: "object" },
    ]);
  });

  test("keeps positions with gaps, feeds and slots", async () => {
    const [first, second] = impressionItems("a", "b");
    const items = [
      { ...first, position: 7, feedId: "null", slot: null },
      { ...second, position: 2, feedId: null, slot: "hero\u001f" },
    ] as unknown as ReturnType<typeof impressionItems>;
    await accept([anImpressionEvent({ items })]);
    const rows = await query(
      (sql) => sql`
      select item_id, position, feed_id, slot from impressions order by position`,
    );
    expect([...rows]).toEqual([
      { item_id: "b", position: 2, feed_id: null, slot: "hero\u001f" },
      { item_id: "a", position: 7, feed_id: "null", slot: null },
    ]);
  });

  test("sent again with other positions is a conflict that stores nothing", async () => {
    await accept([anImpressionEvent({ items: impressionItems("a") })]);
    expect(await outcomesOf(anImpressionEvent({ items: impressionItems("b", "c") }))).toEqual(["conflict"]);
    expect(await rowCounts()).toEqual({ ingested_event: 1, impressions: 1, event_outbox: 1 });
  });

  test("is a duplicate without a new row when its fact outlived the ledger", async () => {
    await accept([anImpressionEvent({ items: impressionItems("a") })]);
    await query((sql) => sql`truncate ingested_event, event_outbox`);
    expect(await outcomesOf(anImpressionEvent({ items: impressionItems("a", "b") }))).toEqual(["duplicate"]);
    expect(await rowCounts()).toEqual({ ingested_event: 1, impressions: 1 });
  });

  test("events of many items are stored whole", async () => {
    const items = impressionItems(...Array.from({ length: 500 }, (_, index) => `item-${index}`));
    const events = Array.from({ length: 50 }, (_, index) =>
      anImpressionEvent({ eventId: `wide-${index}`, items }),
    );
    expect(new Set(await outcomesOf(...events))).toEqual(new Set(["accepted"]));
    expect(await rowCounts()).toEqual({ ingested_event: 50, impressions: 25_000, event_outbox: 50 });
  });
});

describe("a direct event", () => {
  test("is stored with its features, and says what changed", async () => {
    const event = aDirectEvent({ signal: "click" });
    const { outcomes, changed } = await accept([event]);
    expect(outcomes).toEqual(["accepted"]);
    expect(changed).toEqual({
      userIds: ["u-1"],
      itemIds: ["i-1"],
      relatedItemIds: [],
      ruleItemIds: [],
      eventIds: ["direct-0001"],
      oldestTsMs: event.tsMs,
    });
    expect(await rowCounts()).toEqual({ ingested_event: 1, events: 1, item_popularity: 1 });
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 3 });
  });

  test("sent again changes nothing", async () => {
    await accept([aDirectEvent()]);
    expect(await outcomesOf(aDirectEvent())).toEqual(["duplicate"]);
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 1 });
  });

  test("from the future counts at the time of receipt", async () => {
    await accept([aDirectEvent({ tsMs: NOW_MS + 60_000 })]);
    const [row] = await query((sql) => sql<{ ts: Date }[]>`select ts from events`);
    expect(row?.ts.getTime()).toBe(NOW_MS);
  });

  test("whose id a stream event holds is a duplicate and leaves no ledger row", async () => {
    await query(
      (sql) => sql`
      insert into events (event_id, user_id, item_id, event_type, ts)
      values ('watch-log-0001', 'u-1', 'i-1', 'view', now())`,
    );
    expect(await outcomesOf(aDirectEvent({ eventId: "watch-log-0001" }))).toEqual(["duplicate"]);
    expect(await rowCounts()).toEqual({ events: 1 });
  });
});

describe("a group", () => {
  test("answers one outcome per plan, in order", async () => {
    await accept([aWatchEvent({ eventId: "log-known" })]);
    const outcomes = await outcomesOf(
      aWatchEvent({ eventId: "log-known", itemId: "other" }),
      aDirectEvent(),
      aWatchEvent({ eventId: "log-known" }),
      anImpressionEvent({ eventId: "log-fresh" }),
    );
    expect(outcomes).toEqual(["conflict", "accepted", "duplicate", "accepted"]);
  });

  test("takes the first of equal ids", async () => {
    const outcomes = await outcomesOf(aWatchEvent(), aWatchEvent(), aWatchEvent({ itemId: "other" }));
    expect(outcomes).toEqual(["accepted", "duplicate", "conflict"]);
    expect(await rowCounts()).toEqual({ ingested_event: 1, watches: 1, event_outbox: 1 });
  });

  test("knows an id once per type", async () => {
    const eventId = "same-id-0001";
    const outcomes = await outcomesOf(
      aWatchEvent({ eventId }),
      anImpressionEvent({ eventId }),
      aDirectEvent({ eventId }),
    );
    expect(outcomes).toEqual(["accepted", "accepted", "accepted"]);
  });

  test("puts outbox rows in the order of its plans", async () => {
    const ids = ["log-9999", "log-1111", "log-5555"];
    await accept(ids.map((eventId) => aWatchEvent({ eventId })));
    const rows = await query(
      (sql) => sql<{ event_id: string }[]>`select event_id from event_outbox order by id`,
    );
    expect(rows.map(({ event_id }) => event_id)).toEqual(ids);
  });

  test.each([0, 1, 2])("with bad data at place %i stores nothing", async (place) => {
    const events: AnyEvent[] = [aDirectEvent(), aWatchEvent(), anImpressionEvent({ eventId: "log-0002" })];
    events.splice(place, 0, aWatchEvent({ eventId: "log-bad\u0000" }));
    await expect(accept(events)).rejects.toBeInstanceOf(StoreDataError);
    expect(await rowCounts()).toEqual({});
  });

  test("without plans writes nothing", async () => {
    expect((await accept([])).outcomes).toEqual([]);
  });
});

describe("concurrent calls", () => {
  test("F3: 50 posts of one event give one accepted and 49 duplicates", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => outcomesOf(aDirectEvent())));
    const outcomes = answers.flat();
    expect(outcomes.filter((outcome) => outcome === "accepted")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "duplicate")).toHaveLength(49);
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 1 });
  });

  test("F3: 50 posts of one log event leave one fact and one outbox row", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => outcomesOf(aWatchEvent())));
    expect(answers.flat().filter((outcome) => outcome === "accepted")).toHaveLength(1);
    expect(await query((sql) => sql`select 1 from watches`)).toHaveLength(1);
    expect(await query((sql) => sql`select 1 from event_outbox`)).toHaveLength(1);
  });

  test("groups with the same events in opposite order both succeed", async () => {
    const events = Array.from({ length: 100 }, (_, index) =>
      aDirectEvent({ eventId: `direct-${index}`, userId: `u-${index % 9}`, itemId: `i-${index % 11}` }),
    );
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, turn) => accept(turn % 2 === 0 ? events : events.toReversed())),
    );
    const accepted = answers.flatMap(({ outcomes }) => outcomes.filter((outcome) => outcome === "accepted"));
    expect(accepted).toHaveLength(100);
    expect(await countRows("events")).toBe(100);
  });

  test("a lock that is free again at a retry is no failure", async () => {
    const impatient = database.pool({ lockTimeoutMs: 40 });
    const free = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const blocker = pool.transaction("write", Deadline.after(5_000), async (tx) => {
      await tx`insert into item_popularity (item_id, score) values ('i-1', 5)`;
      held.resolve();
      await free.promise;
    });
    await held.promise;
    const freesAfterFailure: Pick<Pool, "transaction"> = {
      transaction: (...call) =>
        impatient.transaction(...call).catch((error) => {
          free.resolve();
          throw error;
        }),
    };
    expect((await accept([aDirectEvent()], freesAfterFailure as Pool)).outcomes).toEqual(["accepted"]);
    await blocker;
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 6 });
  });
});
