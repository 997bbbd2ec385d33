/** A rebuild gives what the stream gave, repairs what is wrong, and leaves the old features until it is done. */

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadline } from "../../src/core/deadline.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import type { Interaction } from "../../src/events/model.ts";
import { applyInteractions } from "../../src/stores/postgres/feature-fold.ts";
import { rebuildFeatures } from "../../src/stores/postgres/feature-rebuild.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { someArrivals } from "../support/arrivals.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { asTables, FEATURE_TABLES, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { anInteraction, NOW_MS } from "../support/plans.ts";

const HISTORY_SIZE = 4;
const SETTINGS = { historySize: HISTORY_SIZE, halfLifeHours: HALF_LIFE_HOURS };
const FOLDED_TABLES = ["user_history", "co_visitation", "seq_rule", "item_decay", "item_popularity"] as const;
const soon = () => Deadline.after(10_000);

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 12 });
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => query(pool, `truncate ${FEATURE_TABLES}, ingested_event`));

const apply = (interactions: readonly Interaction[]) =>
  pool.transaction("write", soon(), (tx) => applyInteractions(tx, interactions, HISTORY_SIZE));
const rebuild = (deadline = soon()) => rebuildFeatures(pool, HISTORY_SIZE, deadline);
const spoil = async () => {
  for (const table of FOLDED_TABLES) await query(pool, `delete from ${table}`);
  await query(pool, "insert into item_popularity (item_id, score) values ('wrong', 7)");
};

/** Every row of every table; places in a history as ranks, scores without the digits that order of arrival decides. */
const allRows = async () => [
  await query(
    pool,
    `select user_id, row_number() over (partition by user_id order by ts, pos)::int as place, item_id, ts::text
     from user_history order by 1, 2`,
  ),
  await query(pool, "select prev_item_id, next_item_id, cnt::int from co_visitation order by 1, 2"),
  await query(pool, "select prev_item_id, next_item_id, w, n::int from seq_rule order by 1, 2"),
  await query(pool, "select item_id, round(score::numeric, 6)::text as score from item_decay order by 1"),
  await query(pool, "select item_id, score::int from item_popularity order by 1"),
];

const events = (count: number): Interaction[] =>
  Array.from({ length: count }, (_, index) =>
    anInteraction({
      eventId: `event-${index}`,
      userId: `u-${index % 3}`,
      itemId: `i-${(index * 7) % 5}`,
      tsMs: NOW_MS + ((index * 37) % count) * 1000,
    }),
  );

test("gives every row that the stream gave, after late events and duplicates in any chunks", async () => {
  await fc.assert(
    fc.asyncProperty(someArrivals, fc.integer({ min: 1, max: 8 }), async (own, chunkSize) => {
      await query(pool, `truncate ${FEATURE_TABLES}`);
      for (let from = 0; from < own.length; from += chunkSize) await apply(own.slice(from, from + chunkSize));
      const streamed = await allRows();
      await spoil();
      await rebuild();
      expect(await allRows()).toEqual(streamed);
      expect(await readFeatures(pool)).toEqual(asTables(foldInteractions(own, SETTINGS)));
    }),
    { numRuns: 30 },
  );
});

test("later events go on from the rebuilt features", async () => {
  const all = events(60);
  await apply(all.slice(0, 40));
  await rebuild();
  await apply(all.slice(40));
  expect(await readFeatures(pool)).toEqual(asTables(foldInteractions(all, SETTINGS)));
});

test("a repeat gives the same, and the rows are counted", async () => {
  await apply(events(30));
  const first = await rebuild();
  const rows = await allRows();
  expect(await rebuild()).toEqual(first);
  expect(await allRows()).toEqual(rows);
  expect(Object.values(first)).toEqual(rows.map(({ length }) => length));
});

test("brings in events that a build without rules and decay stored", async () => {
  await apply(events(30));
  const complete = await allRows();
  await query(pool, "delete from seq_rule where prev_item_id = 'i-1'");
  await query(pool, "update item_decay set score = score - 1");
  await rebuild();
  expect(await allRows()).toEqual(complete);
});

test("readers see the old features until it is done; broken off in the middle, it changes nothing", async () => {
  await apply(events(30));
  const complete = await allRows();
  await spoil();
  const spoilt = await allRows();
  await pool.transaction("write", soon(), async (tx) => {
    // Stops the rebuild at the last table.
    await tx`select from item_popularity where item_id = 'wrong' for update`;
    const broken = rebuild().then(
      () => "finished",
      () => "broken",
    );
    const sessions = `select pid from pg_locks where relation = 'events'::regclass and granted
      and mode = 'ShareRowExclusiveLock'`;
    await eventually(async () => {
      const waiting = `select 1 from pg_stat_activity where pid in (${sessions}) and wait_event_type = 'Lock'`;
      expect(await query(pool, waiting)).toHaveLength(1);
    });
    expect(await allRows()).toEqual(spoilt);
    await query(pool, `select pg_terminate_backend(pid) from (${sessions}) as s`);
    expect(await broken).toBe("broken");
  });
  expect(await allRows()).toEqual(spoilt);
  await rebuild();
  expect(await allRows()).toEqual(complete);
});

test("again and again beside writers, it misses nothing and counts nothing twice", async () => {
  const all = events(240);
  let done = false;
  let rebuilds = 0;
  const rebuilding = (async () => {
    for (; !done; rebuilds++) await rebuild();
  })();
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let from = writer * 60; from < writer * 60 + 60; from += 5) await apply(all.slice(from, from + 5));
  });
  await Promise.all(writers);
  done = true;
  await rebuilding;
  expect(rebuilds).toBeGreaterThan(0);
  const stored = await query(pool, "select event_id from events order by id");
  const byId = new Map(all.map((each) => [each.eventId, each]));
  const arrived = stored.map(({ event_id }) => byId.get(event_id as string) as Interaction);
  expect(await readFeatures(pool)).toEqual(asTables(foldInteractions(arrived, SETTINGS)));
});
