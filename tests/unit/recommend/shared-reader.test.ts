/** Reading through the shared cache: when it is asked, when not, and what a request waits for. */

import { beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { createRecommender } from "../../../src/recommend/engine.ts";
import { ServingState } from "../../../src/recommend/serving-state.ts";
import { shareReads } from "../../../src/recommend/shared-reader.ts";
import { type FakeReader, fakeReader, items, watched } from "../../support/fake-feature-reader.ts";
import { type FakeSharedCache, fakeSharedCache } from "../../support/fake-shared-cache.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";
import { servingSettings } from "../../support/serving-settings.ts";
import { aChange } from "../../support/shared-caches.ts";

let clock: ManualClock;
let fake: FakeReader;
let cache: FakeSharedCache;

beforeEach(() => {
  clock = manualClock();
  fake = fakeReader(clock);
  cache = fakeSharedCache();
});

const open = () => shareReads({ store: fake.reader, cache, clock, settings: servingSettings() });
const soon = () => Deadline.after(250, clock);
const historyOf = async (reader: ReturnType<typeof open>["reader"], userId: string) =>
  (await reader.histories([userId], 20, soon())).get(userId)?.map(({ itemId }) => itemId);

test("while the cache is away the store is asked for everything, and nothing is filled", async () => {
  cache.isAway = true;
  fake.store.history.set("u", watched("i"));
  expect(await historyOf(open().reader, "u")).toEqual(["i"]);
  expect(cache.texts.size).toBe(0);
});

test("a text of somebody else is as good as none", async () => {
  fake.store.history.set("u", watched("i"));
  cache.texts.set("reco:user_history:u", "boo");
  cache.texts.set("reco:user_history_times:u", "[1]");
  expect(await historyOf(open().reader, "u")).toEqual(["i"]);
  expect(cache.texts.get("reco:user_history:u")).toBe('["i"]');
});

describe("what a commit of this tree touched", () => {
  test("is read from the store until entries of before have ended", async () => {
    const shared = open();
    fake.store.history.set("u", watched("old"));
    await historyOf(shared.reader, "u");
    fake.store.history.set("u", watched("old", "new"));
    shared.doubt(aChange({ userIds: ["u"] }));
    expect(await historyOf(shared.reader, "u")).toEqual(["old", "new"]);
    expect(cache.lookUps).toHaveLength(1);
    // The cache never heard of it here; it forgets by itself.
    await clock.advance(30_250);
    cache.texts.clear();
    expect(await historyOf(shared.reader, "u")).toEqual(["old", "new"]);
    expect(cache.lookUps).toHaveLength(2);
  });

  test("does not keep others from the cache", async () => {
    const shared = open();
    shared.doubt(aChange({ userIds: ["u"], relatedItemIds: ["i"] }));
    await shared.reader.histories(["u", "v"], 20, soon());
    await shared.reader.related(["i", "j"], 200, soon());
    expect(cache.lookUps).toEqual([
      ["reco:user_history:v", "reco:user_history_times:v"],
      ["reco:related:j:200"],
    ]);
    expect([...cache.texts.keys()]).not.toContain("reco:user_history:u");
  });
});

test("a request that finds nothing in memory waits for two look-ups at most, and one that finds all for none", async () => {
  fake.store.popularity = items({ a: 3, b: 2, c: 1 });
  fake.store.history.set("u", watched("a", "b"));
  const reader = open().reader;
  const observer = { late() {}, recalled() {}, failed() {} };
  const snapshots = { load: async () => null, save: async () => {} };
  const state = new ServingState({ reader, snapshots, settings: servingSettings(), clock, observer });
  await state.warmUp(soon());
  const recommender = createRecommender({ state, clock, observer, comparison: null });
  const before = cache.lookUps.length;
  const request = { userId: "u", sessionId: null, k: 3, exclude: new Set<string>() };
  expect((await recommender.reco(request, soon())).list.itemIds).toEqual(["c"]);
  expect(cache.lookUps.length - before).toBe(2);
  const again = recommender.reco(request, soon());
  expect(again).not.toBeInstanceOf(Promise);
  expect(cache.lookUps.length - before).toBe(2);
  await state[Symbol.asyncDispose]();
});
