/** What the stream missed comes in through a window of event time, once, whatever else delivers it. */

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadline } from "../../src/core/deadline.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import { effectiveInteraction } from "../../src/events/interaction.ts";
import type { ImpressionEvent, LogEvent, WatchEvent } from "../../src/events/model.ts";
import {
  type CatchUpSettings,
  catchUpFeatures,
  type FactWindow,
} from "../../src/stores/postgres/feature-catch-up.ts";
import { applyInteractions } from "../../src/stores/postgres/feature-fold.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { ingest, query, TOPICS } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { applyEvents, HISTORY_SIZE } from "../support/dlq-checks.ts";
import { asTables, FEATURE_TABLES, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { anImpressionEvent, anInteraction, aWatchEvent, impressionItems, NOW_MS } from "../support/plans.ts";

let database: TestDatabase;
let pool: Pool;

const clear = () =>
  query(
    pool,
    `truncate ${FEATURE_TABLES}, watches, impressions, item_exposure, feature_event_consumed, event_outbox, ingested_event`,
  );
beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 16 });
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(clear);

const soon = () => Deadline.after(20_000);
const ALL: FactWindow = { fromMs: null, toMs: null };
const catchUp = (window = ALL, over: Partial<CatchUpSettings> = {}) =>
  catchUpFeatures(
    { pool, topics: TOPICS, historySize: HISTORY_SIZE, consumedDays: 14, factDays: 0, ...over },
    window,
    soon(),
  );
const shownTotal = async () =>
  (await query(pool, "select coalesce(sum(impressions), 0)::int as shown from item_exposure"))[0]?.["shown"];

const aWatch = (index: number) =>
  aWatchEvent({
    eventId: `missed-${String(index).padStart(3, "0")}`,
    userId: `u-${index % 2}`,
    itemId: `i-${index % 3}`,
    tsMs: NOW_MS - index * 1000,
    watchTimeSec: (index * 37) % 301,
  });
const anImpression = (index: number) =>
  anImpressionEvent({
    eventId: `shown-${String(index).padStart(3, "0")}`,
    tsMs: NOW_MS - index * 1000,
    items: impressionItems("i-0", `i-${1 + (index % 3)}`),
  });
const EVENTS: readonly LogEvent[] = Array.from({ length: 24 }, (_, index) =>
  index % 3 === 0 ? anImpression(index) : aWatch(index),
);

async function expectFoldOf(events: readonly LogEvent[]): Promise<void> {
  const watches = events.filter((event): event is WatchEvent => event.kind === "watch");
  const expected = foldInteractions(
    watches.map((watch) => effectiveInteraction(watch, watch.serverReceivedTsMs)),
    { historySize: HISTORY_SIZE, halfLifeHours: HALF_LIFE_HOURS },
  );
  expect(await readFeatures(pool)).toEqual(asTables(expected));
  const impressions = events.filter((event): event is ImpressionEvent => event.kind === "impression");
  expect(await shownTotal()).toBe(impressions.flatMap(({ items }) => items).length);
}

test("whatever part the stream brought, before or later, the features are the fold of all facts", async () => {
  const parts = fc.tuple(fc.shuffledSubarray([...EVENTS]), fc.shuffledSubarray([...EVENTS]));
  await fc.assert(
    fc.asyncProperty(parts, async ([before, later]) => {
      await clear();
      await ingest(pool, EVENTS);
      await applyEvents(pool, before);

      const { watches, impressions } = await catchUp();
      expect(watches + impressions).toBe(EVENTS.length - before.length);
      expect(await catchUp()).toEqual({ watches: 0, impressions: 0 });
      await applyEvents(pool, later);

      await expectFoldOf(EVENTS);
    }),
    { numRuns: 20 },
  );
});

test("more facts than a page holds, beside a stream that brings them too, are applied once", async () => {
  const events = Array.from({ length: 250 }, (_, index) =>
    index % 3 === 0 ? anImpression(index) : aWatch(index),
  );
  await ingest(pool, events);

  await Promise.all([catchUp(), applyEvents(pool, [...events].reverse()), catchUp()]);

  await expectFoldOf(events);
});

test("takes events of the window alone: from its start on, up to and without its end", async () => {
  await ingest(pool, EVENTS);

  const window = { fromMs: NOW_MS - 10_000, toMs: NOW_MS - 4000 };
  await catchUp(window);

  await expectFoldOf(EVENTS.filter(({ tsMs }) => tsMs >= window.fromMs && tsMs < window.toMs));
});

test("leaves impressions alone of which no marker can tell any more, but not watches", async () => {
  await ingest(pool, EVENTS);
  await applyEvents(pool, EVENTS);
  await query(pool, "truncate feature_event_consumed");
  await query(pool, "update impressions set created_at = now() - interval '15 days'");
  await query(pool, "update watches set created_at = now() - interval '15 days'");

  expect(await catchUp()).toEqual({ watches: 0, impressions: 0 });

  await query(pool, `truncate ${FEATURE_TABLES}`);
  expect(await catchUp()).toEqual({ watches: 16, impressions: 0 });
});

test("leaves watches alone that retention took out of the events", async () => {
  await ingest(pool, [aWatchEvent({ eventId: "ancient-1", tsMs: Date.now() - 181 * 86_400_000 })]);

  expect(await catchUp(ALL, { factDays: 180 })).toEqual({ watches: 0, impressions: 0 });
  expect(await catchUp(ALL, { factDays: 182 })).toEqual({ watches: 1, impressions: 0 });
});

test("applies a watch once whose id in the events a client had chosen for /event", async () => {
  const direct = anInteraction({ eventId: "watch-clash-001", signal: "view" });
  await pool.transaction("write", soon(), async (tx) => {
    await tx`insert into ingested_event (event_id, event_type, body_hash) values ('watch-clash-001', 'direct', '')`;
    await applyInteractions(tx, [direct], HISTORY_SIZE);
  });
  await ingest(pool, [aWatchEvent({ eventId: "clash-001", watchTimeSec: 300 })]);

  expect(await catchUp()).toEqual({ watches: 1, impressions: 0 });
  await query(pool, "truncate feature_event_consumed");
  expect(await catchUp()).toEqual({ watches: 0, impressions: 0 });

  expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 11 }]);
});

test("names a stored fact that is no event", async () => {
  await ingest(pool, [aWatch(1)]);
  await query(pool, "update watches set watch_time_sec = -1");

  await expect(catchUp()).rejects.toThrow("the stored watch missed-001 is no event: watch_time_sec");
});
