/** The half-life of decayed popularity: known to the store, changed as a whole, never mixed. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import type { Interaction } from "../../src/events/model.ts";
import { ensureHalfLife } from "../../src/stores/postgres/feature-decay.ts";
import { applyInteractions } from "../../src/stores/postgres/feature-fold.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { asTables, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { anInteraction, NOW_MS } from "../support/plans.ts";

const DAY_MS = 86_400_000;
const soon = () => Deadline.after(10_000);

let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 12 });
});
afterEach(() => database[Symbol.asyncDispose]());

const apply = (interactions: readonly Interaction[]) =>
  pool.transaction("write", soon(), (tx) => applyInteractions(tx, interactions, 20));

const events = (count: number, from = 0): Interaction[] =>
  Array.from({ length: count }, (_, index) =>
    anInteraction({
      eventId: `event-${from + index}`,
      userId: `u-${index % 3}`,
      itemId: `i-${(index * 7) % 5}`,
      signal: (["view", "click", "purchase"] as const)[index % 3] ?? "view",
      tsMs: NOW_MS - ((index * 37) % 400) * DAY_MS,
    }),
  );

const expected = (interactions: readonly Interaction[], halfLifeHours: number) =>
  asTables(foldInteractions(interactions, { historySize: 20, halfLifeHours })).decayed;
const stored = async () => (await readFeatures(pool)).decayed;

describe("half-life", () => {
  test("the one the table has changes nothing", async () => {
    await apply(events(20));
    expect(await ensureHalfLife(pool, HALF_LIFE_HOURS, soon())).toBe(false);
    expect(await stored()).toEqual(expected(events(20), HALF_LIFE_HOURS));
  });

  test("another one adds all events up anew, and later events go by it", async () => {
    await apply(events(40));
    expect(await ensureHalfLife(pool, 24, soon())).toBe(true);
    expect(await stored()).toEqual(expected(events(40), 24));
    await apply(events(10, 40));
    expect(await stored()).toEqual(expected([...events(40), ...events(10, 40)], 24));
    expect(await ensureHalfLife(pool, 24, soon())).toBe(false);
  });

  test("a writer that waited for the change goes by the new one", async () => {
    let waiting: Promise<unknown> = Promise.resolve();
    await pool.transaction("write", soon(), async (tx) => {
      await tx`lock table item_decay in share row exclusive mode`;
      waiting = apply(events(1));
      await eventually(async () => {
        const waits = "select 1 from pg_locks where relation = 'item_decay'::regclass and not granted";
        expect(await query(pool, waits)).toHaveLength(1);
      });
      await tx`update item_decay_basis set half_life_hours = 24`;
    });
    await waiting;
    expect(await stored()).toEqual(expected(events(1), 24));
  });

  test("changed again and again beside writers, it misses nothing and counts nothing twice", async () => {
    const all = events(240);
    let done = false;
    const changing = (async () => {
      for (let turn = 0; !done; turn++) await ensureHalfLife(pool, turn % 2 ? 24 : 1000, soon());
    })();
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let from = writer * 60; from < writer * 60 + 60; from += 5) await apply(all.slice(from, from + 5));
    });
    await Promise.all(writers);
    done = true;
    await changing;
    const [basis] = await query(pool, "select half_life_hours as hours from item_decay_basis");
    expect(await stored()).toEqual(expected(all, basis?.["hours"] as number));
  });
});
