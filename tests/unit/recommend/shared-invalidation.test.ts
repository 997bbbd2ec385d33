/** What invalidation takes out of the shared cache, when, and in what portions. */

import { beforeEach, describe, expect, test } from "bun:test";
import { SharedInvalidation } from "../../../src/recommend/shared-invalidation.ts";
import { POPULARITY_KEY } from "../../../src/recommend/shared-keys.ts";
import { type FakeSharedCache, fakeSharedCache } from "../../support/fake-shared-cache.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";
import { aChange } from "../../support/shared-caches.ts";

let clock: ManualClock;
let cache: FakeSharedCache;
let invalidation: SharedInvalidation;

beforeEach(() => {
  clock = manualClock();
  cache = fakeSharedCache();
  invalidation = new SharedInvalidation(cache, clock);
});

const popular = () => cache.invalidated.filter(({ keys }) => keys.includes(POPULARITY_KEY));
const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, place) => `${prefix}${place}`);

describe("users and related items", () => {
  test("go at once, with the change for all nodes", () => {
    const change = aChange({ userIds: ["u"], relatedItemIds: ["r"], ruleItemIds: ["x"], eventIds: ["e"] });
    invalidation.apply(change);
    expect(cache.invalidated).toHaveLength(1);
    expect(cache.invalidated[0]?.change).toEqual(change);
    expect(cache.invalidated[0]?.keys).toContain("reco:seen:u");
  });

  test("of a large change go in portions, and its events last", () => {
    const change = aChange({ userIds: names("u", 600), eventIds: names("e", 300) });
    invalidation.apply(change);
    const parts = cache.invalidated.map(({ keys, change: part }) => [
      keys.length,
      part.userIds.length,
      part.eventIds.length,
    ]);
    expect(parts).toEqual([
      [1_250, 250, 0],
      [1_250, 250, 0],
      [500, 100, 0],
      [0, 0, 250],
      [0, 0, 50],
    ]);
    expect(cache.invalidated.flatMap((part) => part.change.userIds)).toEqual([...change.userIds]);
    expect(cache.invalidated.flatMap((part) => part.change.eventIds)).toEqual([...change.eventIds]);
  });

  test("nothing is sent for a change of nothing", () => {
    invalidation.apply(aChange());
    expect(cache.invalidated).toEqual([]);
  });
});

describe("popularity", () => {
  test("goes at once, then at most every 250 ms, with all items of meanwhile", async () => {
    for (let turn = 0; turn < 10; turn++) {
      invalidation.apply(aChange({ itemIds: [`i-${turn}`] }));
      await clock.advance(50);
    }
    expect(popular().map(({ change }) => change.itemIds)).toEqual([
      ["i-0"],
      ["i-1", "i-2", "i-3", "i-4"],
      ["i-5", "i-6", "i-7", "i-8", "i-9"],
    ]);
    await clock.advance(10_000);
    expect(popular()).toHaveLength(3);
  });

  test("collected until the end goes out with the end", async () => {
    invalidation.apply(aChange({ itemIds: ["i-1"] }));
    invalidation.apply(aChange({ itemIds: ["i-2"] }));
    invalidation[Symbol.dispose]();
    expect(popular().map(({ change }) => change.itemIds)).toEqual([["i-1"], ["i-2"]]);
    await clock.advance(1_000);
    expect(popular()).toHaveLength(2);
  });

  test("remembers a bounded number of items", () => {
    invalidation.apply(aChange({ itemIds: ["first"] }));
    invalidation.apply(aChange({ itemIds: names("i", 30_000) }));
    invalidation[Symbol.dispose]();
    expect(popular().flatMap(({ change }) => change.itemIds)).toHaveLength(1 + 10_000);
  });
});
