import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadline } from "../../src/core/deadline.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import type { Interaction } from "../../src/events/model.ts";
import { applyInteractions } from "../../src/stores/postgres/feature-fold.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { someArrivals } from "../support/arrivals.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import {
  asTables,
  FEATURE_TABLES,
  type FeatureTables,
  HALF_LIFE_HOURS,
  readFeatures,
} from "../support/feature-tables.ts";
import { anInteraction, NOW_MS } from "../support/plans.ts";

const HISTORY_SIZE = 4;
const SETTINGS = { historySize: HISTORY_SIZE, halfLifeHours: HALF_LIFE_HOURS };

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() =>
  pool.use(
    "write",
    Deadline.after(5_000),
    (sql) => sql`truncate ${sql.unsafe(FEATURE_TABLES)}, ingested_event`,
  ),
);

const apply = (interactions: readonly Interaction[], historySize = HISTORY_SIZE) =>
  pool.transaction("write", Deadline.after(10_000), (tx) => applyInteractions(tx, interactions, historySize));

/** What the ledger holds for a direct event. */
const enterDirect = (eventId: string) =>
  pool.use(
    "write",
    Deadline.after(5_000),
    (sql) => sql`
      insert into ingested_event (event_id, event_type, body_hash) values (${eventId}, 'direct', '')`,
  );

const eventIds = () =>
  pool.use("read", Deadline.after(5_000), async (sql) => {
    const rows = await sql<{ event_id: string }[]>`select event_id from events order by id`;
    return rows.map(({ event_id }) => event_id);
  });

/** One user's interactions, a second apart, written as `a b~ c`; `~` marks the stream. */
const story = (text: string): Interaction[] =>
  text.split(" ").map((word, index) => {
    const origin = word.endsWith("~") ? "stream" : "direct";
    return anInteraction({
      eventId: origin === "stream" ? `watch-story-${index}` : `story-${index}`,
      itemId: word.replace("~", ""),
      origin,
      tsMs: NOW_MS + index * 1000,
    });
  });

describe("applyInteractions", () => {
  test("writes the features of direct events", async () => {
    await apply(story("a b b"));
    expect(await readFeatures(pool)).toMatchObject({
      popularity: { a: 1, b: 2 },
      transitions: { "a>b": 1, "b>b": 1 },
      rules: { "a>b": [1.5, 2] },
      history: { "u-1": ["a", "b", "b"] },
    });
  });

  test("names what it changed", async () => {
    const told = story("a b");
    const { applied, changed } = await apply(told);
    expect(applied).toEqual([true, true]);
    expect(changed).toEqual({
      userIds: ["u-1"],
      itemIds: ["a", "b"],
      relatedItemIds: ["a"],
      ruleItemIds: ["a"],
      eventIds: ["story-0", "story-1"],
      oldestTsMs: Math.min(...told.map(({ tsMs }) => tsMs)),
    });
  });

  test("a known event id changes nothing", async () => {
    await apply(story("a b"));
    const before = await readFeatures(pool);
    const { applied, changed } = await apply(story("a b"));
    expect(applied).toEqual([false, false]);
    expect(changed.itemIds).toEqual([]);
    expect(await readFeatures(pool)).toEqual(before);
  });

  test("of equal ids in one call the first one counts", async () => {
    const { applied } = await apply([anInteraction(), anInteraction({ itemId: "i-2" })]);
    expect(applied).toEqual([true, false]);
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 1 });
  });

  test("a late event takes the place between its neighbours", async () => {
    const [a, b, c] = story("a b c") as [Interaction, Interaction, Interaction];
    await apply([a, c]);
    const { changed } = await apply([b]);
    expect(await readFeatures(pool)).toMatchObject({
      popularity: { a: 1, b: 1, c: 1 },
      transitions: { "a>b": 1, "b>c": 1 },
      rules: { "a>b": [1, 1], "a>c": [0.5, 1], "b>c": [1, 1] },
      history: { "u-1": ["a", "b", "c"] },
    });
    expect(changed.ruleItemIds).toEqual(["a", "b"]);
  });

  test("a late event finds neighbours that left the history", async () => {
    const events = story("a b c d e f g h");
    await apply(events.filter(({ itemId }) => itemId !== "b"));
    await apply(events.filter(({ itemId }) => itemId === "b"));
    expect(await readFeatures(pool)).toEqual(asTables(foldInteractions(events, SETTINGS)));
  });

  test("late events far apart correct the rules around each, and drop the pairs they part", async () => {
    const events = story("a b c d e f g h i j k l m n o p q r");
    const late = new Set(["c", "p"]);
    await apply(events.filter(({ itemId }) => !late.has(itemId)));
    expect((await readFeatures(pool)).rules["a>g"]).toEqual([0.2, 1]);
    await apply(events.filter(({ itemId }) => late.has(itemId)));
    const tables = await readFeatures(pool);
    expect(tables).toEqual(asTables(foldInteractions(events, SETTINGS)));
    expect(tables.rules["a>g"]).toBeUndefined();
  });

  test("a signal from long before fades beside a new one, and the other way round", async () => {
    const old = anInteraction({ tsMs: 0 });
    const young = anInteraction({ eventId: "event-0002", tsMs: NOW_MS * 1000 });
    for (const events of [[old], [young], [anInteraction({ eventId: "event-0003", tsMs: 1 })]])
      await apply(events);
    expect((await readFeatures(pool)).decayed).toEqual(asTables(foldInteractions([young], SETTINGS)).decayed);
  });

  test("a repeat from the stream counts no transition, also when a late direct event comes before it", async () => {
    const [first, late, last] = story("a a a~") as [Interaction, Interaction, Interaction];
    await apply([first, last]);
    await apply([late]);
    expect((await readFeatures(pool)).transitions).toEqual({ "a>a": 1 });
  });

  test("F28: events out of order end in the tables of the ordered ones", async () => {
    const events = story("a b~ c a~ b b~ c~ a a");
    for (const each of [4, 0, 8, 2, 6, 1, 7, 3, 5]) await apply([events[each] as Interaction]);
    expect(await readFeatures(pool)).toEqual(asTables(foldInteractions(events, SETTINGS)));
  });

  test("a stream event whose id a direct event holds is stored beside it", async () => {
    await enterDirect("watch-log-0001");
    await apply([anInteraction({ eventId: "watch-log-0001", itemId: "a" })]);
    const { applied } = await apply([
      anInteraction({ eventId: "watch-log-0001", itemId: "b", origin: "stream", tsMs: NOW_MS + 1 }),
    ]);
    expect(applied).toEqual([true]);
    expect(await eventIds()).toEqual(["watch-log-0001", "stream:watch-log-0001"]);
    expect((await readFeatures(pool)).transitions).toEqual({ "a>b": 1 });
  });

  test("such a stream event is applied once", async () => {
    await enterDirect("watch-log-0001");
    const collided = anInteraction({ eventId: "watch-log-0001", itemId: "b", origin: "stream" });
    await apply([anInteraction({ eventId: "watch-log-0001" }), collided, collided]);
    const { applied } = await apply([collided]);
    expect(applied).toEqual([false]);
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 1, b: 1 });
  });

  test("a direct event with an id like the stream's counts its repeats", async () => {
    await enterDirect("watch-log-0001");
    await apply([
      anInteraction({ eventId: "event-0001", tsMs: NOW_MS }),
      anInteraction({ eventId: "watch-log-0001", tsMs: NOW_MS + 2 }),
    ]);
    await apply([anInteraction({ eventId: "event-0002", tsMs: NOW_MS + 1 })]);
    expect((await readFeatures(pool)).transitions).toEqual({ "i-1>i-1": 2 });
  });

  test("ids of any characters come back unchanged", async () => {
    const userId = `u"'\\{},:*../ é ${"x".repeat(20)}`;
    await apply([
      anInteraction({ userId, itemId: '{"a",\\null}' }),
      anInteraction({ eventId: "e-2", userId, itemId: "null" }),
    ]);
    expect((await readFeatures(pool)).history).toEqual({ [userId]: ['{"a",\\null}', "null"] });
  });

  test("64 writers of one hot item all get through", async () => {
    const writers = Array.from({ length: 64 }, (_, index) =>
      apply([
        anInteraction({
          eventId: `hot-event-${index}`,
          userId: `u-${index % 7}`,
          itemId: "hot",
          tsMs: NOW_MS + index,
        }),
      ]),
    );
    await Promise.all(writers);
    const { popularity, transitions } = await readFeatures(pool);
    expect(popularity).toEqual({ hot: 64 });
    expect(transitions).toEqual({ "hot>hot": 64 - 7 });
  });
});

describe("features in the store", () => {
  test("equal the reference fold after any chunks in any order with duplicates", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(someArrivals, fc.integer({ min: 1, max: 8 }), async (arrivals, chunkSize) => {
        const prefix = `run-${run++}-`;
        const own = arrivals.map((each) => ({
          ...each,
          eventId: each.eventId.replace("event", `event-${prefix}`),
          userId: prefix + each.userId,
          itemId: prefix + each.itemId,
        }));
        for (let from = 0; from < own.length; from += chunkSize)
          await apply(own.slice(from, from + chunkSize));
        expect(onlyOf(prefix, await readFeatures(pool))).toEqual(asTables(foldInteractions(own, SETTINGS)));
      }),
      { numRuns: 40 },
    );
  });

  test("equal the reference fold when all events arrive at once from many writers", async () => {
    const events = Array.from({ length: 120 }, (_, index) =>
      anInteraction({
        eventId: `event-${index}`,
        userId: `u-${index % 3}`,
        itemId: `i-${(index * 7) % 5}`,
        tsMs: NOW_MS + ((index * 37) % 120) * 1000,
      }),
    );
    const twice = [...events, ...events];
    const chunks = Array.from({ length: 24 }, (_, index) => twice.slice(index * 10, index * 10 + 10));
    await Promise.all(chunks.map((chunk) => apply(chunk)));
    expect(await readFeatures(pool)).toEqual(asTables(foldInteractions(events, SETTINGS)));
  });
});

function onlyOf(prefix: string, tables: FeatureTables): FeatureTables {
  const own = <V>(rows: Record<string, V>) =>
    Object.fromEntries(Object.entries(rows).filter(([name]) => name.startsWith(prefix)));
  return {
    popularity: own(tables.popularity),
    transitions: own(tables.transitions),
    rules: own(tables.rules),
    decayed: own(tables.decayed),
    history: own(tables.history),
  };
}
