/** How the streaming policy answers: whose events it goes by, what it leaves out, and what it keeps. */

import { describe, expect, test } from "bun:test";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import type { Neighbours } from "../../../src/recommend/ports.ts";
import type { FakeEvents, FakeStore } from "../../support/fake-feature-reader.ts";
import { serving } from "../../support/serving.ts";

const events = (...itemIds: string[]): FakeEvents => ({
  itemIds,
  tsMs: itemIds.map((_, place) => 1_000 * (place + 1)),
});

const follows = (...itemIds: string[]): Neighbours => ({
  totalWeight: itemIds.length,
  items: itemIds.map((itemId, place) => ({ itemId, weight: 1 / (place + 1), count: 0 })),
});

const decayed = (...itemIds: string[]) =>
  itemIds.map((itemId, place) => ({ itemId, score: 10 - place, category: null as string | null }));

const shop = (): Partial<FakeStore> => ({
  recent: new Map([["u1", events("a", "b")]]),
  neighbours: new Map([
    ["a", follows("p", "q")],
    ["b", follows("x", "y")],
  ]),
  decayed: decayed("t1", "t2", "x", "a"),
});

const setUp = (contents: Partial<FakeStore> = shop(), rankedListTtlMs = 20_000) =>
  serving({ contents, settings: { policy: "stream-v1", rankedListTtlMs } });

const full = { modelVersion: "stream-v1", strategy: "seq_rules_blend", degraded: null };
const watch = { eventId: "watch-1", userId: "u1", signal: "view", tsMs: 9_000, origin: "stream" } as const;

describe("stream-v1 answers", () => {
  test("by the neighbours of the newest items, without what was seen", async () => {
    const { ask, reads } = setUp();
    const answer = await ask("reco");
    expect(answer).toMatchObject(full);
    expect(answer.ids).toEqual(["x", "p", "y", "q", "t1", "t2"]);
    expect(reads).toContainEqual({ name: "recentEvents", args: [["u1"], 1_000] });
    expect(reads).toContainEqual({ name: "neighbours", args: [["b", "a"], 200] });
  });

  test("without what the caller excludes", async () => {
    expect((await setUp().ask("reco", { exclude: new Set(["x", "t1", "never heard of"]) })).ids).toEqual([
      "p",
      "y",
      "q",
      "t2",
    ]);
  });

  test("with a watch just acknowledged, before the store shows it", async () => {
    const { ask, state } = setUp();
    await ask("reco");
    state.overlayAdd([{ ...watch, itemId: "a" }]);
    expect((await ask("reco")).ids.slice(0, 2)).toEqual(["p", "x"]);
    state.overlayAdd([{ ...watch, eventId: "watch-2", itemId: "x" }]);
    expect((await ask("reco")).ids).not.toContain("x");
  });

  test("a guest of the session stands in for a user without events, and for nobody else", async () => {
    const contents = shop();
    contents.recent?.set("session:s1", events("a"));
    const { ask, count } = setUp(contents);
    expect((await ask("reco", { userId: "new", sessionId: "s1" })).ids.slice(0, 2)).toEqual(["p", "q"]);
    expect((await ask("reco", { userId: "u1", sessionId: "s1" })).ids[0]).toBe("x");
    expect((await ask("reco", { userId: "session:s1", sessionId: "s1" })).ids[0]).toBe("p");
    const reads = count("recentEvents");
    expect((await ask("reco", { userId: "session:s2", sessionId: "s2" })).ids[0]).toBe("t1");
    expect(count("recentEvents")).toBe(reads + 1);
  });

  test("somebody unknown by what is popular, spread over categories", async () => {
    const contents = shop();
    contents.decayed = [
      { itemId: "film-1", score: 10, category: "film" },
      { itemId: "film-2", score: 9.9, category: "film" },
      { itemId: "song", score: 9.5, category: "music" },
    ];
    const answer = await setUp(contents).ask("reco", { userId: "new" });
    expect(answer).toMatchObject(full);
    expect(answer.ids).toEqual(["film-1", "song", "film-2"]);
    expect(answer.items[0]?.sources.map(({ name }) => name)).toEqual(["decayed_popularity"]);
  });

  test("GET /recommend stays the baseline's", async () => {
    const { ask } = setUp({ ...shop(), popularity: [{ itemId: "p", score: 1 }] });
    expect(await ask("recommend")).toMatchObject({ modelVersion: "rules-v1", ids: ["p"] });
  });
});

describe("a ranked list is answered again", () => {
  test("while the profile is the same, for the same k", async () => {
    const { ask, state, store } = setUp();
    const first = await ask("reco");
    store.decayed = [];
    state.stream.neighbours.clear();
    expect((await ask("reco")).list).toBe(first.list);
    expect((await ask("reco", { k: 2 })).list).not.toBe(first.list);
  });

  test("when the profile was read anew and is the same, and not when it is another one", async () => {
    const { ask, store, clock } = setUp(shop(), 60_000);
    const first = await ask("reco");
    await clock.advance(21_000);
    const second = await ask("reco");
    expect(second.list).toBe(first.list);
    store.recent.set("u1", events("a", "b", "a"));
    await clock.advance(21_000);
    expect((await ask("reco")).list).not.toBe(first.list);
  });

  test("but not after an event of the user, an exclusion, or its time", async () => {
    const { ask, state, clock } = setUp();
    const first = await ask("reco");
    expect((await ask("reco", { exclude: new Set(["x"]) })).ids).not.toContain("x");
    state.apply({ userIds: ["u1"], itemIds: [], relatedItemIds: [], ruleItemIds: [], eventIds: [] });
    const second = await ask("reco");
    expect(second.list).not.toBe(first.list);
    await clock.advance(20_000);
    expect((await ask("reco")).list).not.toBe(second.list);
  });

  test("never for somebody unknown, who is to see what just became popular", async () => {
    const { ask, store, state, clock } = setUp();
    expect((await ask("reco", { userId: "new" })).ids[0]).toBe("t1");
    store.decayed = decayed("t2", "t1");
    state.apply({ userIds: [], itemIds: ["t1", "t2"], relatedItemIds: [], ruleItemIds: [], eventIds: [] });
    await clock.advance(250);
    expect((await ask("reco", { userId: "new" })).ids[0]).toBe("t2");
  });

  test("never with a time of 0", async () => {
    const { ask } = setUp(shop(), 0);
    expect((await ask("reco")).list).not.toBe((await ask("reco")).list);
  });

  test("never when it was made without everything", async () => {
    const { ask, store, clock } = setUp();
    await ask("reco", { userId: "u2" });
    store.mood = { kind: "failing", error: new StoreUnavailableError("connect", "refused") };
    const degraded = await ask("reco");
    expect(degraded.degraded).toBe("error:reduced");
    store.mood = { kind: "well" };
    await clock.advance(1_000);
    expect((await ask("reco")).ids[0]).toBe("x");
  });
});

describe("without the store", () => {
  const failing = { kind: "failing", error: new StoreUnavailableError("connect", "refused") } as const;

  test("what is in memory is answered, marked", async () => {
    const { ask, store, clock } = setUp();
    await ask("reco");
    store.mood = failing;
    await clock.advance(20_000);
    const answer = await ask("reco");
    expect(answer).toMatchObject({ ...full, degraded: "error:reduced" });
    expect(answer.ids.slice(0, 2)).toEqual(["x", "p"]);
  });

  test("nothing known at all is an empty list", async () => {
    const { ask, store } = setUp();
    store.mood = failing;
    expect(await ask("reco")).toMatchObject({ degraded: "error:empty", strategy: "fallback:empty", ids: [] });
  });

  test("a snapshot of the popular list stands in, without what the caller excludes", async () => {
    const { ask, store, warmUp } = serving({
      contents: shop(),
      snapshot: [
        { itemId: "s1", score: 2 },
        { itemId: "s2", score: 1 },
      ],
      settings: { policy: "stream-v1" },
    });
    store.mood = failing;
    expect(await warmUp()).toBe("snapshot");
    expect((await ask("reco")).ids).toEqual(["s1", "s2"]);
    const answer = await ask("reco", { exclude: new Set(["s1"]) });
    expect(answer).toMatchObject({ degraded: "error:popular", strategy: "fallback:popular", ids: ["s2"] });
  });
});
