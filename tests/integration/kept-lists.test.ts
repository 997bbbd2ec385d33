/** Ranked lists kept for the pages that follow, on a real store. */

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { KeptList, PagedLists } from "../../src/recommend/ports.ts";
import { createKeptListStore } from "../../src/stores/postgres/kept-list-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";

let database: TestDatabase;
let pool: Pool;
let one: PagedLists;
let other: PagedLists;
beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 4 });
  one = createKeptListStore(pool);
  other = createKeptListStore(database.pool({ max: 4 }));
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => query(pool, "truncate kept_list"));

const soon = () => Deadline.after(10_000);
const idOf = (n: number) => n.toString(16).padStart(32, "0");
const kept: KeptList = {
  owner: "whoever",
  paged: {
    list: {
      itemIds: ["a", 'b"\\ü', "c"],
      scores: Float64Array.of(1 / 3, 0.1, 0),
      sources: ["ease", "content"],
      sourceScores: Float64Array.of(0.3, 1 / 30, 0.1, 0, 0, 0),
    },
    label: { name: "default:20260101_000000", variant: "primary" },
    modelVersion: "ease_rules_blend-20260101_000000",
    strategy: "ease_rules_blend",
    rules: {
      spread: {
        maxPerAuthor: 2,
        maxPerCategory: 0,
        freshnessQuota: 0.1,
        freshDays: 30,
        diversityLambda: 0.85,
      },
      exploration: { epsilon: 0.05, fromPosition: 3, poolSize: 200 },
      replaySeen: { halfLifeMs: 3_600_000 },
    },
  },
};
const count = async () => Number((await query(pool, "select count(*)::int as n from kept_list"))[0]?.["n"]);

test("a list comes back as it was, to whoever asks for its id", async () => {
  await one.keep(idOf(1), kept, soon());
  expect(await other.find(idOf(1), soon())).toEqual(kept);
  expect(await other.find(idOf(2), soon())).toBeNull();
});

test("one that is too old is not found, and new ones take it with them", async () => {
  for (const n of [1, 2]) await one.keep(idOf(n), kept, soon());
  await query(pool, "update kept_list set expires_at = now() - interval '1 ms'");
  expect(await one.find(idOf(1), soon())).toBeNull();
  await one.keep(idOf(3), kept, soon());
  expect(await count()).toBe(1);
  expect(await one.find(idOf(3), soon())).not.toBeNull();
});

test("an id is used once", async () => {
  await one.keep(idOf(1), kept, soon());
  await expect(other.keep(idOf(1), kept, soon())).rejects.toThrow();
});
