import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { AnyEvent } from "../../src/events/model.ts";
import { createAnalyticsReader } from "../../src/stores/postgres/analytics-reader.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { aDirectEvent, anImpressionEvent, aWatchEvent, impressionItems, planOf } from "../support/plans.ts";

const DAY_MS = 86_400_000;
const nowMs = systemClock.nowMs();

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
    (sql) => sql`truncate events, item_popularity, ingested_event, impressions, watches, event_outbox, items`,
  ),
);

const accept = (...events: AnyEvent[]) =>
  createIngestStore(pool, systemClock).accept(events.map(planOf), Deadline.after(10_000));
const baseline = (days = 7) => createAnalyticsReader(pool).baseline(days, Deadline.after(5_000));

const slate = (eventId: string, requestId: string, itemIds: string[], tsMs = nowMs - 1000) =>
  anImpressionEvent({ eventId, requestId, tsMs, items: impressionItems(...itemIds) });
const watch = (eventId: string, requestId: string, itemId: string, tsMs = nowMs - 500, watchTimeSec = 10) =>
  aWatchEvent({ eventId, requestId, itemId, tsMs, watchTimeSec });

const manyItems = Array.from({ length: 25 }, (_, index) => `i-${index}`);

describe("baseline", () => {
  test("is all zeros in an empty store", async () => {
    expect(await baseline(30)).toEqual({
      window_days: 30,
      requests: 0,
      impressions: 0,
      watches: 0,
      watched_impressions: 0,
      impressions_at_20: 0,
      watched_impressions_at_20: 0,
      ctr_at_20_pct: 0,
      avg_watch_time_sec: 0,
      catalog_coverage_at_20_pct: 0,
    });
  });

  test("counts requests, impressions and watches, and those of the first 20 positions", async () => {
    await accept(
      slate("slate-01", "req-0001", manyItems),
      slate("slate-02", "req-0001", ["i-0"]),
      slate("slate-03", "req-0002", ["i-1"]),
      watch("watch-01", "req-0001", "i-3", nowMs, 20),
      watch("watch-02", "req-0001", "i-24", nowMs, 40),
    );
    expect(await baseline()).toMatchObject({
      requests: 2,
      impressions: 27,
      watches: 2,
      watched_impressions: 2,
      impressions_at_20: 22,
      watched_impressions_at_20: 1,
      ctr_at_20_pct: (1 / 22) * 100,
      avg_watch_time_sec: 30,
    });
  });

  test("counts an impression watched twice once", async () => {
    await accept(
      slate("slate-01", "req-0001", ["i-0"]),
      watch("watch-01", "req-0001", "i-0"),
      watch("watch-02", "req-0001", "i-0"),
    );
    expect((await baseline()).watched_impressions).toBe(1);
  });

  test.each([
    ["of another request", watch("watch-01", "req-other", "i-0")],
    ["of another item", watch("watch-01", "req-0001", "i-9")],
    ["by another user", aWatchEvent({ userId: "u-9", requestId: "req-0001", itemId: "i-0", tsMs: nowMs })],
    ["before the impression", watch("watch-01", "req-0001", "i-0", nowMs - 1001)],
  ])("a watch %s does not count for an impression", async (_, other) => {
    await accept(slate("slate-01", "req-0001", ["i-0"]), other);
    expect(await baseline()).toMatchObject({ watches: 1, watched_impressions: 0 });
  });

  test("the mean of accepted watch times exists however long they are", async () => {
    const longest = Number.MAX_VALUE;
    await accept(
      watch("watch-01", "req-0001", "i-0", nowMs, longest),
      watch("watch-02", "req-0001", "i-1", nowMs, longest),
    );
    expect((await baseline()).avg_watch_time_sec).toBe(longest);
  });

  test.each([
    [
      "the longest there are, whose mean is rounded up",
      [Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE],
    ],
    ["some whose squares overflow", [1e200, 1e200, 10]],
    ["the shortest there are", [Number.MIN_VALUE, Number.MIN_VALUE, 0]],
  ])("watch times do not break the answer: %s", async (_, times) => {
    await accept(...times.map((sec, index) => watch(`watch-0${index}`, "req-0001", "i-0", nowMs, sec)));
    const { watches, avg_watch_time_sec } = await baseline();
    expect(watches).toBe(3);
    expect(avg_watch_time_sec).toBeFinite();
  });

  test("a watch in the same ms as the impression counts for it", async () => {
    await accept(slate("slate-01", "req-0001", ["i-0"], nowMs), watch("watch-01", "req-0001", "i-0", nowMs));
    expect((await baseline()).watched_impressions).toBe(1);
  });

  test("the window is by event time", async () => {
    const oldMs = nowMs - 2 * DAY_MS;
    await accept(
      slate("slate-01", "req-0001", ["i-0"], oldMs),
      watch("watch-01", "req-0001", "i-0", oldMs + 1),
      slate("slate-02", "req-0002", ["i-0"]),
    );
    expect(await baseline(1)).toMatchObject({
      requests: 1,
      impressions: 1,
      watches: 0,
      watched_impressions: 0,
    });
    expect(await baseline(3)).toMatchObject({
      requests: 2,
      impressions: 2,
      watches: 1,
      watched_impressions: 1,
    });
  });

  test("coverage is of items with popularity and visible catalogue items", async () => {
    await accept(
      slate("slate-01", "req-0001", manyItems),
      slate("slate-02", "req-0002", ["i-0"]),
      aDirectEvent({ eventId: "direct-0001", itemId: "popular" }),
      aDirectEvent({ eventId: "direct-0002", itemId: "both" }),
    );
    await pool.use("write", Deadline.after(5_000), async (sql) => {
      await sql`insert into items (item_id) select 'visible-' || n from generate_series(1, 78) n`;
      await sql`insert into items (item_id, hidden) values ('both', false), ('hidden', true)`;
    });
    expect((await baseline()).catalog_coverage_at_20_pct).toBe(25);
  });
});
