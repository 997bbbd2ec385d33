/** How the popularity index follows the store: whole reads, collected changes, never an older answer on a newer. */

import { describe, expect, test } from "bun:test";
import { PopularityKeeper, type PopularitySource } from "../../../src/recommend/popularity-keeper.ts";
import type { FeatureReader } from "../../../src/recommend/ports.ts";
import { fakeReader, items } from "../../support/fake-feature-reader.ts";
import { manualClock, settled } from "../../support/manual-clock.ts";

const TTL_MS = 5_000;

const sourceOf = (reader: FeatureReader): PopularitySource => ({
  top: reader.popularity,
  of: reader.popularityOf,
});

function setUp() {
  const clock = manualClock();
  const fake = fakeReader(clock, { popularity: items({ a: 3, b: 2 }) });
  const keeper = new PopularityKeeper({
    source: sourceOf(fake.reader),
    clock,
    ttlMs: TTL_MS,
    readTimeoutMs: 250,
    onNewTable: () => {},
  });
  const top = () =>
    Object.fromEntries(
      keeper
        .current()
        .top(10)
        .map(({ itemId, score }) => [itemId, score]),
    );
  return { ...fake, clock, keeper, top };
}

describe("popularity keeper", () => {
  test("many callers that need the first list make one read", async () => {
    const { keeper, top, count } = setUp();
    await Promise.all(Array.from({ length: 100 }, () => keeper.loaded()));
    expect(top()).toEqual({ a: 3, b: 2 });
    expect(count("popularity")).toBe(1);
  });

  test("serves the old list while one read renews it", async () => {
    const { clock, keeper, top, store, count } = setUp();
    await keeper.loaded();
    store.popularity = items({ a: 9 });
    await clock.advance(TTL_MS);
    expect([top(), top()]).toEqual([
      { a: 3, b: 2 },
      { a: 3, b: 2 },
    ]);
    await settled();
    expect(top()).toEqual({ a: 9 });
    expect(count("popularity")).toBe(2);
  });

  test("an empty list is not taken for the store's once it is old: somebody may have imported items", async () => {
    const { clock, keeper, top, store } = setUp();
    store.popularity = [];
    await keeper.loaded();
    expect(keeper.isLoaded).toBe(true);
    store.popularity = items({ a: 9 });
    await clock.advance(TTL_MS);
    expect(keeper.isLoaded).toBe(false);
    await keeper.loaded();
    expect(keeper.isLoaded).toBe(true);
    expect(top()).toEqual({ a: 9 });
  });

  test("reads changed items together, at most once in 250 ms", async () => {
    const { clock, keeper, reads, store, top } = setUp();
    await keeper.loaded();
    store.popularity = items({ a: 4, b: 3, c: 1 });
    for (const itemId of ["a", "b", "a"]) keeper.note([itemId]);
    await clock.advance(0);
    for (const itemId of ["c", "c"]) keeper.note([itemId]);
    await clock.advance(249);
    expect(top()).toEqual({ a: 4, b: 3 });
    await clock.advance(1);
    expect(top()).toEqual({ a: 4, b: 3, c: 1 });
    const asked = reads.filter(({ name }) => name === "popularityOf").map(({ args }) => args[0]);
    expect(asked).toEqual([["a", "b"], ["c"]]);
  });

  test("a change that comes while the list is being read is read after it", async () => {
    const { clock, keeper, store, top } = setUp();
    store.mood = { kind: "slow", delayMs: 100 };
    const loaded = keeper.loaded();
    store.popularity = items({ a: 3, b: 8 });
    keeper.note(["b"]);
    await clock.advance(100);
    await loaded;
    expect(top()).toEqual({ a: 3, b: 2 });
    await clock.advance(100);
    expect(top()).toEqual({ a: 3, b: 8 });
  });

  test("one read is under way at most: changed items wait for a whole read", async () => {
    const { clock, keeper, store, reads } = setUp();
    await keeper.loaded();
    keeper.note(["a"]);
    await clock.advance(TTL_MS - 100);
    keeper.note(["a"]);
    await clock.advance(0);
    keeper.note(["b"]); // Due in 250 ms.
    await clock.advance(100);
    store.mood = { kind: "slow", delayMs: 200 };
    keeper.current();
    keeper.note(["c"]);
    const namesSince = (count: number) => reads.slice(count).map(({ name, args }) => [name, args[0]]);
    const before = reads.length - 1;
    await clock.advance(199);
    expect(namesSince(before)).toEqual([["popularity", 20_000]]);
    await clock.advance(1);
    expect(namesSince(before)).toEqual([
      ["popularity", 20_000],
      ["popularityOf", ["c"]],
    ]);
  });

  test("reads the whole list again when changed items could not be read", async () => {
    const { clock, keeper, store, top, count } = setUp();
    await keeper.loaded();
    store.popularity = items({ a: 7 });
    store.mood = { kind: "failing", error: new Error("gone") };
    keeper.note(["a"]);
    await clock.advance(0);
    store.mood = { kind: "well" };
    top();
    await settled();
    expect(top()).toEqual({ a: 7 });
    expect(count("popularity")).toBe(2);
    expect(keeper.errors).toBe(1);
  });

  test("reads the whole list instead of thousands of changed items", async () => {
    const { clock, keeper, count, top } = setUp();
    await keeper.loaded();
    keeper.note(Array.from({ length: 5_001 }, (_, n) => `i${n}`));
    top();
    await clock.advance(1_000);
    expect([count("popularity"), count("popularityOf")]).toEqual([2, 0]);
  });

  test("a snapshot is served until the store's list is there, and never after", async () => {
    const { keeper, top } = setUp();
    keeper.seed(items({ old: 1 }));
    expect([top(), keeper.isLoaded]).toEqual([{ old: 1 }, false]);
    await keeper.loaded();
    keeper.seed(items({ old: 1 }));
    expect([top(), keeper.isLoaded]).toEqual([{ a: 3, b: 2 }, true]);
  });

  test("keeps the table of a model with more items than fill one, until others have filled it as well", async () => {
    const clock = manualClock();
    const { reader } = fakeReader(clock, { popularity: items({ a: 3 }) });
    let newTables = 0;
    const keeper = new PopularityKeeper({
      source: sourceOf(reader),
      clock,
      ttlMs: TTL_MS,
      readTimeoutMs: 250,
      onNewTable: () => void newTables++,
    });
    const readAgain = async () => {
      await clock.advance(TTL_MS);
      keeper.current();
      await settled();
      return newTables;
    };
    await keeper.loaded();
    for (let n = 0; n < 510_000; n++) keeper.table.intern(`model-${n}`);
    keeper.noteModelItems(510_000);
    expect([await readAgain(), await readAgain()]).toEqual([0, 0]);
    for (let n = 0; n <= 500_000; n++) keeper.table.intern(`junk-${n}`);
    expect(await readAgain()).toBe(1);
    expect(keeper.table.size).toBe(1);
  });

  test("starts a new item table when related lists have filled the old one, and says so", async () => {
    const clock = manualClock();
    const { reader } = fakeReader(clock, { popularity: items({ a: 3, b: 2 }) });
    let newTables = 0;
    const onNewTable = () => void newTables++;
    const keeper = new PopularityKeeper({
      source: sourceOf(reader),
      clock,
      ttlMs: TTL_MS,
      readTimeoutMs: 250,
      onNewTable,
    });
    await keeper.loaded();
    for (let n = 0; n <= 500_000; n++) keeper.table.intern(`i${n}`);
    await clock.advance(TTL_MS);
    keeper.current();
    await settled();
    expect([newTables, keeper.table.size]).toEqual([1, 2]);
    expect(keeper.current().top(2)).toEqual(items({ a: 3, b: 2 }));
  });

  test("sets no timer after it was closed", async () => {
    const { clock, keeper } = setUp();
    await keeper.loaded();
    keeper.note(["a"]);
    keeper.close();
    keeper.note(["b"]);
    expect(clock.pendingTimers()).toBe(0);
  });
});
