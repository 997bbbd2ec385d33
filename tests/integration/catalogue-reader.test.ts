/** What catalogue recall reads of a real store, and trending scores held against the formula written literally. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { CatalogueReader } from "../../src/recommend/catalogue/ports.ts";
import { createCatalogueReader } from "../../src/stores/postgres/catalogue-reader.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { refreshTrendingScores } from "../../src/stores/postgres/trending-scores.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";

let database: TestDatabase;
let pool: Pool;
let reader: CatalogueReader;

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 4 });
  reader = createCatalogueReader(pool);
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => query(pool, "truncate events, items, user_hidden_items, item_trending"));

const soon = () => Deadline.after(20_000);
const HOUR_MS = 3_600_000;

/** Rows of item, kind and age. */
function insertEvents(rows: readonly (readonly [string, "view" | "click" | "purchase", string])[]) {
  const values = rows.map(
    ([itemId, kind, age], place) => `('e-${place}', 'u', '${itemId}', '${kind}', now() - interval '${age}')`,
  );
  return query(
    pool,
    `insert into events (event_id, user_id, item_id, event_type, ts) values ${values.join(", ")}`,
  );
}

describe("signals of a window", () => {
  test("count 1 for a view, 3 for a click or purchase, by event time", async () => {
    await insertEvents([
      ["a", "view", "5 minutes"],
      ["a", "click", "50 minutes"],
      ["b", "purchase", "1 minute"],
      ["c", "view", "1 minute"],
      ["a", "purchase", "3 hours"],
      ["d", "view", "25 hours"],
    ]);
    expect(await reader.signalPoints(HOUR_MS, 10, soon())).toEqual([
      { itemId: "a", score: 4 },
      { itemId: "b", score: 3 },
      { itemId: "c", score: 1 },
    ]);
    expect(await reader.signalPoints(24 * HOUR_MS, 1, soon())).toEqual([{ itemId: "a", score: 7 }]);
  });
});

test("activity is counted up to what was asked for, with the newest time", async () => {
  await insertEvents([
    ["a", "view", "1 hour"],
    ["a", "view", "2 hours"],
    ["a", "view", "3 hours"],
  ]);
  const [one, other] = await reader.activity(["a", "none"], 2, soon());
  expect([one?.itemId, one?.interactions]).toEqual(["a", 2]);
  expect(Math.abs((one?.newestMs ?? 0) - (Date.now() - HOUR_MS))).toBeLessThan(60_000);
  expect(other).toEqual({ itemId: "none", interactions: 0, newestMs: null });
});

describe("trending scores", () => {
  const literal = (facts: {
    up?: number;
    down?: number;
    views?: number;
    citations?: number;
    uses?: number;
    ageDays?: number;
    verified?: boolean;
  }) => {
    const { up = 0, down = 0, views = 0, citations = 0, uses = 0, ageDays, verified = false } = facts;
    const share = up + down > 0 ? (up / (up + down)) * 100 : 50;
    const newness = ageDays === undefined ? 0 : 10 * Math.exp(-ageDays / 30);
    const sum =
      0.3 * (10 * up - 5 * down + 0.1 * views) + 0.2 * share + 0.4 * (20 * citations + 15 * uses) + newness;
    return sum * (verified ? 1.2 : 1);
  };
  const scores = async () =>
    new Map((await reader.trendingScores([], 100, soon())).map(({ itemId, score }) => [itemId, score]));

  test("are those of the formula", async () => {
    await query(
      pool,
      `insert into items (item_id, verified, published_at, hidden, attributes, created_at) values
        ('all', true, now() - interval '15 days', false, '{"collections": ["m1", "m2"]}', now()),
        ('new', false, null, false, '{"cites": ["all", "all", "new", "elsewhere"]}', now() - interval '3 days'),
        ('odd', false, now() - interval '90 days', false, '{"collections": "none", "cites": 7}', now()),
        ('hidden', false, now(), true, '{"cites": ["all"]}', now())`,
    );
    await insertEvents([
      ["all", "purchase", "40 days"],
      ["all", "purchase", "1 day"],
      ["all", "purchase", "1 day"],
      ["all", "view", "1 day"],
      ["all", "click", "1 day"],
      ["strange", "view", "1 day"],
      ["hidden", "purchase", "1 day"],
    ]);
    await query(pool, "insert into user_hidden_items (user_id, item_id) values ('u', 'all'), ('u', 'odd')");
    expect(await refreshTrendingScores(pool, soon())).toBe(0);
    const found = await scores();
    expect([...found.keys()].sort()).toEqual(["all", "new", "odd", "strange"]);
    const wanted = {
      all: literal({ up: 3, down: 1, views: 1, citations: 2, uses: 2, ageDays: 15, verified: true }),
      new: literal({ ageDays: 3 }),
      odd: literal({ down: 1, ageDays: 90 }),
      strange: literal({ views: 1 }),
    };
    for (const [itemId, score] of Object.entries(wanted)) expect(found.get(itemId)).toBeCloseTo(score, 3);
    const [row] = await query(pool, "select parts from item_trending where item_id = 'all'");
    expect(Object.keys(row?.["parts"] as object).sort()).toEqual([
      "newness",
      "references",
      "share",
      "signals",
      "verified",
    ]);
  });

  test("are made anew after an hour and not before; what is gone or hidden loses its own", async () => {
    await query(pool, "insert into items (item_id) values ('a'), ('b')");
    await refreshTrendingScores(pool, soon());
    await query(pool, "update items set hidden = true where item_id = 'b'");
    expect(await refreshTrendingScores(pool, soon())).toBe(0);
    expect((await scores()).size).toBe(2);
    await query(pool, "update item_trending set computed_at = now() - interval '61 minutes'");
    expect(await refreshTrendingScores(pool, soon())).toBe(1);
    expect([...(await scores()).keys()]).toEqual(["a"]);
  });

  test("are read for the best and for those asked for, once each", async () => {
    await query(
      pool,
      `insert into item_trending (item_id, score, parts) values ('a', 3, '{}'), ('b', 2, '{}'), ('c', 1, '{}')`,
    );
    const read = await reader.trendingScores(["c", "a", "none"], 2, soon());
    expect(read.map(({ itemId }) => itemId).sort()).toEqual(["a", "b", "c"]);
  });
});
