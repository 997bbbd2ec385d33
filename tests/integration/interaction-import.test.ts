import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { AnyEvent } from "../../src/events/model.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import { IMPORT_CHUNK_SIZE, importEvents } from "../../src/stores/postgres/interaction-import.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { FEATURE_TABLES, readFeatures } from "../support/feature-tables.ts";
import { aDirectEvent, anImpressionEvent, aWatchEvent, NOW_MS, planOf } from "../support/plans.ts";

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
    (sql) => sql`
      truncate ${sql.unsafe(FEATURE_TABLES)}, ingested_event, impressions, watches,
        event_outbox`,
  ),
);

const importAll = (events: readonly AnyEvent[], publish = false) =>
  importEvents(pool, events.map(planOf), { publish }, systemClock, Deadline.after(20_000));

const countRows = (table: string) =>
  pool.use("read", Deadline.after(5_000), async (sql) => {
    const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(table)}`;
    return row?.rows;
  });

const YEARS_AGO_MS = NOW_MS - 5 * 365 * 86_400_000;

const ratings = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    aDirectEvent({
      eventId: `ml-${Math.floor(index / 50)}-${index}`,
      userId: `u-${Math.floor(index / 50)}`,
      itemId: `i-${index % 40}`,
      tsMs: YEARS_AGO_MS + index * 1000,
    }),
  );

describe("importEvents", () => {
  test("stores interactions of any age with their features", async () => {
    const events = ratings(3);
    expect(await importAll(events)).toEqual({ inserted: 3, duplicates: 0 });
    expect(await readFeatures(pool)).toMatchObject({
      popularity: { "i-0": 1, "i-1": 1, "i-2": 1 },
      transitions: { "i-0>i-1": 1, "i-1>i-2": 1 },
      rules: { "i-0>i-1": [1, 1], "i-0>i-2": [0.5, 1], "i-1>i-2": [1, 1] },
      history: { "u-0": ["i-0", "i-1", "i-2"] },
    });
  });

  test("continues after a cut: known events are counted as duplicates", async () => {
    const events = ratings(IMPORT_CHUNK_SIZE + 200);
    await importAll(events.slice(0, IMPORT_CHUNK_SIZE - 100));
    expect(await importAll(events)).toEqual({ inserted: 300, duplicates: IMPORT_CHUNK_SIZE - 100 });
    const continued = await readFeatures(pool);
    expect(await importAll(events)).toEqual({ inserted: 0, duplicates: events.length });
    expect(await readFeatures(pool)).toEqual(continued);
    expect(await countRows("events")).toBe(events.length);
  });

  test("adds up exactly with live events of the same users and items", async () => {
    const events = ratings(600);
    const live = events.filter((_, index) => index % 3 === 0);
    const store = createIngestStore(pool, systemClock);
    await Promise.all([
      importAll(events),
      ...live.map((event) => store.accept([planOf(event)], Deadline.after(20_000))),
    ]);
    const together = await readFeatures(pool);
    await pool.use(
      "write",
      Deadline.after(5_000),
      (sql) => sql`truncate ${sql.unsafe(FEATURE_TABLES)}, ingested_event`,
    );
    await importAll(events);
    expect(together).toEqual(await readFeatures(pool));
  });

  test("applies watches at once when they are not published", async () => {
    await importAll([aWatchEvent({ percentWatched: 90 })]);
    expect((await readFeatures(pool)).popularity).toEqual({ "i-1": 10 });
    expect(await countRows("event_outbox")).toBe(0);
  });

  test("leaves published watches to the stream", async () => {
    await importAll([aWatchEvent({ percentWatched: 90 })], true);
    expect((await readFeatures(pool)).popularity).toEqual({});
    expect(await countRows("event_outbox")).toBe(1);
  });

  test("stores impressions as facts", async () => {
    expect(await importAll([anImpressionEvent()])).toEqual({ inserted: 1, duplicates: 0 });
    expect(await countRows("impressions")).toBe(2);
    expect(await countRows("event_outbox")).toBe(0);
  });
});
