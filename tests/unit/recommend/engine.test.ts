/** Answers of the recommender: the full policy, and every rung below it, each inside its deadline. */

import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import type { Result } from "../../../src/core/result.ts";
import { unknownCard } from "../../../src/recommend/catalog-cards.ts";
import { compileBoost, compileFilter } from "../../../src/recommend/expression.ts";
import type { ScoredItem } from "../../../src/recommend/ports.ts";
import { type FakeStore, items, watched } from "../../support/fake-feature-reader.ts";
import { DEADLINE_MS, serving } from "../../support/serving.ts";

const down: FakeStore["mood"] = { kind: "failing", error: new StoreUnavailableError("connect", "refused") };

/** The store of reference case 4. */
const caseFour = (): Partial<FakeStore> => ({
  history: new Map([["u1", watched("A", "B", "C")]]),
  related: new Map([
    ["C", items({ A: 5, X: 3, Y: 1 })],
    ["B", items({ Z: 4, X: 2 })],
    ["A", items({ W: 6 })],
  ]),
  popularity: items({ A: 50, Y: 10, X: 4, Z: 2, V: 1 }),
});

const setUp = (options: { contents?: Partial<FakeStore>; snapshot?: ScoredItem[] } = {}) =>
  serving({ contents: caseFour(), ...options });

const full = { strategy: "co_vis_popularity_hybrid", modelVersion: "rules-v1", degraded: null };

describe("full policy", () => {
  test("ranks the candidates of reference case 5", async () => {
    const { ask } = setUp();
    const answer = await ask("reco");
    expect(answer).toMatchObject(full);
    expect(answer.ids).toEqual(["Y", "X", "Z", "V", "W"]);
  });

  test("GET /recommend gives the list of reference case 6", async () => {
    const { ask, reads } = setUp();
    const answer = await ask("recommend");
    expect(answer).toMatchObject(full);
    expect(answer.ids).toEqual(["X", "Y", "Z", "V"]);
    expect(reads).toContainEqual({ name: "related", args: [["C"], 200] });
  });

  test("a user without history gets popularity order", async () => {
    const { ask } = setUp();
    expect((await ask("reco", { userId: "new" })).ids).toEqual(["A", "Y", "X", "Z", "V"]);
  });

  test("an excluded item is not in the answer of either route", async () => {
    const { ask } = setUp();
    const exclude = new Set(["X", "V"]);
    expect((await ask("reco", { exclude })).ids).toEqual(["Y", "Z", "W"]);
    expect((await ask("recommend", { exclude })).ids).toEqual(["Y", "Z"]);
  });

  test("an answer that exclusion emptied is no fallback", async () => {
    const { ask } = setUp();
    const answer = await ask("reco", { exclude: new Set(["V", "W", "X", "Y", "Z"]) });
    expect(answer).toMatchObject({ ...full, items: [] });
  });

  test("a second call reads nothing", async () => {
    const { ask, reads } = setUp();
    const first = await ask("reco");
    const readsBefore = reads.length;
    expect((await ask("reco")).ids).toEqual(first.ids);
    expect(reads.length).toBe(readsBefore);
  });

  test("a watch that was just acknowledged counts as history", async () => {
    const { ask, state } = setUp();
    const watch = { eventId: "watch-1", userId: "u1", itemId: "Y", signal: "view", tsMs: 9_000 } as const;
    state.overlayAdd([{ ...watch, origin: "stream" }]);
    const { ids } = await ask("reco");
    expect(ids).not.toContain("Y");
  });

  test("an applied event is in the next answer", async () => {
    const { ask, state, store } = setUp();
    await ask("reco");
    store.history.set("u1", watched("A", "B", "C", "Y"));
    store.related.set("C", items({ A: 5, X: 3, Y: 2 }));
    store.related.set("Y", items({ V: 9 }));
    state.apply({ userIds: ["u1"], itemIds: ["Y"], relatedItemIds: ["C"], ruleItemIds: [], eventIds: [] });
    expect((await ask("reco")).ids[0]).toBe("V");
  });

  test("related lists read before and after the item table was renewed give one answer", async () => {
    const { ask, clock, state, store } = setUp();
    const before = await ask("recommend"); // Leaves one of three related lists in memory.
    expect(before.degraded).toBeNull();
    await clock.advance(5_000);
    const table = state.popularity.table;
    for (let n = 0; n <= 500_000; n++) table.intern(`junk-${n}`);
    store.popularity = items({ A: 5, Y: 10, X: 4, Z: 2, V: 1 }); // Another order gives other slots.
    store.mood = { kind: "slow", delayMs: 30 };
    state.popularity.current();
    const { items: answered } = await ask("reco");
    expect(answered.map(({ itemId, score }) => [itemId, score])).toEqual([
      ["Y", 11.5],
      ["X", 8.5],
      ["Z", 2],
      ["V", 1],
      ["W", 0],
    ]);
    expect(state.popularity.table).not.toBe(table);
  });

  test("says where each item came from", async () => {
    const { ask } = setUp();
    const { items: answered } = await ask("reco", { k: 1 });
    expect(answered).toEqual([
      {
        itemId: "Y",
        score: 11.5,
        sources: [
          { name: "co_visitation", score: 1 },
          { name: "popularity", score: 10 },
        ],
      },
    ]);
  });
});

describe("filters and boosts", () => {
  const cards = (priced: Record<string, number>) =>
    new Map(
      Object.entries(priced).map(
        ([id, price]) => [id, { version: 1, card: { ...unknownCard(id), price } }] as const,
      ),
    );
  const compiled = <T>(result: Result<T, string>) => {
    if (!result.ok) throw new Error(result.error);
    return result.value;
  };
  const cheap = compiled(compileFilter("item.price < 3"));

  test.each(["reco", "recommend"] as const)(
    "only items that pass the filter are in an answer of %s",
    async (route) => {
      const { ask, warmUp } = setUp({ contents: { ...caseFour(), cards: cards({ X: 1, Y: 5, V: 2 }) } });
      await warmUp();
      const { ids, degraded } = await ask(route, { filter: cheap });
      expect([ids, degraded]).toEqual([["X", "V"], null]);
    },
  );

  test("cards that are not in memory are read", async () => {
    const { ask, count } = setUp({ contents: { ...caseFour(), cards: cards({ X: 1, Y: 5 }) } });
    expect((await ask("reco", { filter: cheap })).ids).toEqual(["X"]);
    expect(count("cards")).toBe(1);
  });

  test("when too few pass, retrieval is widened once", async () => {
    const popularity = items(Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`p${n}`, 1_000 - n])));
    const rare = cards({ p1: 1, p700: 2 });
    const { ask, warmUp } = setUp({ contents: { popularity, cards: rare } });
    await warmUp();
    expect((await ask("reco", { k: 2, filter: cheap })).ids).toEqual(["p1", "p700"]);
  });

  test("without time only the best items are judged, and the answer says so", async () => {
    const popularity = items(Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`p${n}`, 1_000 - n])));
    const { ask, warmUp } = setUp({ contents: { popularity, cards: cards({ p1: 1, p300: 2 }) } });
    await warmUp();
    await ask("recommend");
    const { ids, degraded } = await ask("recommend", { filter: cheap }, 4);
    expect([ids, degraded]).toEqual([["p1"], "timeout:reduced"]);
  });

  test("a filter may ask for the user's attributes", async () => {
    const { ask, warmUp } = setUp({
      contents: {
        ...caseFour(),
        cards: cards({ X: 1, Y: 5 }),
        userAttributes: new Map([["u1", { budget: 4 }]]),
      },
    });
    await warmUp();
    const affordable = compiled(compileFilter("item.price < user.attributes.budget"));
    expect((await ask("reco", { filter: affordable })).ids).toEqual(["X"]);
    expect((await ask("reco", { userId: "u2", filter: affordable })).ids).toEqual([]);
  });

  test("a boost changes the order of stream-v1 and leaves the baseline as it is", async () => {
    const boost = compiled(compileBoost('item.item_id == "V" ? 10 : 0.1'));
    const { ask } = setUp();
    expect((await ask("reco", { boost })).ids).toEqual(["Y", "X", "Z", "V", "W"]);
    const stream = serving({
      contents: { decayed: items({ A: 50, V: 49 }).map((item) => ({ ...item, category: null })) },
      settings: { policy: "stream-v1" },
    });
    expect((await stream.ask("reco")).ids).toEqual(["A", "V"]);
    expect((await stream.ask("reco", { boost })).ids).toEqual(["V", "A"]);
  });

  const notAdult = compiled(compileFilter('item.category != "adult"'));

  test("an item whose card cannot be read passes no filter; one without a row is judged as such", async () => {
    const { ask, state, store } = setUp();
    expect((await ask("reco", { filter: notAdult })).ids).toContain("X");
    state.cards.outside.clear();
    store.mood = down;
    const { ids, degraded } = await ask("reco", { filter: notAdult });
    expect([ids, degraded]).toEqual([[], "error:reduced"]);
    expect((await ask("reco", { userId: "new", filter: notAdult }, 4)).ids).toEqual([]);
  });

  test("a filter that asks for attributes that cannot be read lets nothing pass", async () => {
    const { ask, warmUp, store } = setUp();
    await warmUp();
    store.mood = down;
    const filter = compiled(compileFilter('!("strict" in user.attributes)'));
    expect((await ask("reco", { filter })).ids).toEqual([]);
  });

  test("no more cards are asked for than one request may judge", async () => {
    const popularity = items(
      Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`p${n}`, 5_000 - n])),
    );
    const { ask, reads } = setUp({ contents: { popularity } });
    await ask("recommend", { filter: cheap });
    const asked = new Set(reads.flatMap(({ name, args }) => (name === "cards" ? (args[0] as string[]) : [])));
    expect([asked.has("p1999"), asked.size]).toEqual([true, 2_000]);
  });

  test("the popular list of the last rungs is filtered, too", async () => {
    const { ask, warmUp, store } = setUp({ contents: { ...caseFour(), cards: cards({ X: 1, V: 2 }) } });
    await warmUp();
    store.mood = { kind: "failing", error: new Error("no store") };
    expect((await ask("reco", { userId: "new", filter: cheap }, 4)).ids).toEqual(["X", "V"]);
  });

  test("events of the running session are part of the profile for this answer alone", async () => {
    const { ask } = setUp();
    const sessionEvents = [{ itemId: "Y", weight: 1, tsMs: 9_000 }];
    expect((await ask("reco", { sessionEvents })).ids).not.toContain("Y");
    expect((await ask("reco")).ids).toContain("Y");
  });
});

describe("what must not be shown", () => {
  const hiding = { hiddenItems: new Set(["X"]), hiddenByUsers: new Map([["u1", ["Z"]]]) };

  test.each(["reco", "recommend"] as const)("is in no answer of %s", async (route) => {
    const { ask, warmUp } = setUp({ contents: { ...caseFour(), ...hiding } });
    await warmUp();
    const { ids, degraded } = await ask(route);
    expect(degraded).toBeNull();
    expect(ids).not.toContain("X");
    expect(ids).not.toContain("Z");
    expect((await ask(route, { userId: "other" })).ids).toContain("Z");
  });

  test("is in no fallback list either, as last known", async () => {
    const { ask, warmUp, store } = setUp({ contents: { ...caseFour(), ...hiding } });
    await warmUp();
    await ask("reco");
    store.mood = { kind: "failing", error: new Error("no store") };
    const { ids } = await ask("reco", { userId: "u1" }, 4);
    expect(ids).not.toContain("X");
    expect(ids).not.toContain("Z");
  });
});

test("commits that may have been missed leave hidden what was hidden, until it is read anew", async () => {
  const hiddenByUsers = new Map([["u1", ["Z"]]]);
  const { ask, state, store } = setUp({ contents: { ...caseFour(), hiddenByUsers } });
  await ask("reco");
  state.forget();
  store.mood = down;
  expect((await ask("reco")).ids).not.toContain("Z");
  store.mood = { kind: "well" };
  hiddenByUsers.delete("u1");
  expect((await ask("reco")).ids).toContain("Z");
});

describe("what the guest of a session hides", () => {
  test("is in no fallback list of stream-v1", async () => {
    const { ask, warmUp, state } = serving({
      contents: {
        decayed: items({ A: 50, V: 49 }).map((item) => ({ ...item, category: null })),
        hiddenByUsers: new Map([["session:s1", ["A"]]]),
      },
      settings: { policy: "stream-v1" },
    });
    await warmUp();
    expect((await ask("reco", { sessionId: "s1" })).ids).toEqual(["V"]);
    state.overlay.entries = () => {
      state.overlay.entries = () => [];
      throw new TypeError("a bug");
    };
    const { ids, degraded } = await ask("reco", { sessionId: "s1" });
    expect([ids, degraded]).toEqual([["V"], "error:popular"]);
  });
});

describe("a slate that was shown before", () => {
  test("may be shown again until one of its items is hidden from all, from the user or from the guest", async () => {
    const { ask, warmUp, recommender, state } = setUp({
      contents: {
        ...caseFour(),
        hiddenItems: new Set(["gone"]),
        hiddenByUsers: new Map([
          ["u1", ["own"]],
          ["session:s1", ["guest's"]],
        ]),
      },
    });
    await warmUp();
    await ask("reco");
    await state.visibility.ofUsers.fill(["session:s1"]);
    const may = (...itemIds: string[]) => recommender.mayShow({ userId: "u1", sessionId: "s1" }, itemIds);
    expect([may("X"), may("X", "gone"), may("own"), may("guest's")]).toEqual([true, false, false, false]);
    expect(recommender.mayShow({ userId: "u2", sessionId: null }, ["own", "guest's"])).toBe(true);
  });
});

describe("reduced rung", () => {
  test("a history that is late costs its share of the deadline, and the policy goes on without it", async () => {
    const { ask, warmUp, store, late } = setUp();
    await warmUp();
    store.mood = { kind: "frozen" };
    const answer = await ask("reco");
    expect(answer).toMatchObject({ ...full, degraded: "timeout:reduced" });
    expect(answer.ids).toEqual(["A", "Y", "X", "Z", "V"]);
    expect(answer.tookMs).toBe(40);
    expect(late).toEqual(["reco feature_fetch"]);
  });

  test("what is late is counted for the endpoint that asked", async () => {
    const { ask, warmUp, store, late } = setUp();
    await warmUp();
    store.mood = { kind: "frozen" };
    await ask("reco", {}, DEADLINE_MS, "recommend");
    expect(late).toEqual(["recommend feature_fetch"]);
  });

  test("a frozen store costs its first callers a wait, and the later ones nothing", async () => {
    const { ask, warmUp, store, count } = setUp();
    await warmUp();
    store.mood = { kind: "frozen" };
    let waited = 0;
    while (waited < 20 && (await ask("reco", { userId: `user-${waited}` })).tookMs > 0) waited++;
    expect(waited).toBeGreaterThan(0);
    const readsBefore = count("histories");
    expect(await ask("reco")).toMatchObject({ ...full, degraded: "error:reduced", tookMs: 0 });
    expect(count("histories")).toBe(readsBefore);
  });

  test("a history that comes with the last moment of its share is late", async () => {
    const { ask, warmUp, store } = setUp();
    await warmUp();
    store.mood = { kind: "slow", delayMs: 40 };
    expect((await ask("reco")).degraded).toBe("timeout:reduced");
  });

  test("shares shrink with a deadline that the client lowered", async () => {
    const { ask, warmUp, store } = setUp();
    await warmUp();
    store.mood = { kind: "frozen" };
    expect((await ask("reco", {}, 50)).tookMs).toBe(8);
  });

  test("related lists that are late leave history and popularity", async () => {
    const { ask, store, late } = setUp();
    await ask("recommend"); // Reads the history and the related list of its newest item.
    store.mood = { kind: "frozen" };
    const answer = await ask("reco");
    expect(answer).toMatchObject({ ...full, degraded: "timeout:reduced", tookMs: 60 });
    expect(answer.ids).not.toContain("A");
    expect(late).toEqual(["reco database_query"]);
  });

  test("a store that fails is an error, answered at once", async () => {
    const { ask, warmUp, store } = setUp();
    await warmUp();
    store.mood = down;
    expect(await ask("reco")).toMatchObject({ ...full, degraded: "error:reduced", tookMs: 0 });
  });

  test("what is known of the user is used however old it is", async () => {
    const { ask, clock, store } = setUp();
    await ask("reco");
    await clock.advance(60_000);
    store.mood = down;
    const answer = await ask("reco");
    expect(answer.degraded).toBe("error:reduced");
    expect(answer.ids).toEqual(["Y", "X", "Z", "V", "W"]);
  });

  test("a slow store still fills the memory for the next call", async () => {
    const { ask, warmUp, store, reads } = setUp();
    await warmUp();
    store.mood = { kind: "slow", delayMs: 90 };
    expect((await ask("reco")).degraded).toBe("timeout:reduced");
    await ask("reco");
    const answer = await ask("reco");
    expect(answer).toMatchObject({ ...full, tookMs: 0 });
    expect(reads.filter(({ name }) => name === "histories")).toHaveLength(1);
  });

  test("with little of the deadline left nothing is read", async () => {
    const { recommender, clock, warmUp, count } = setUp();
    await warmUp();
    const deadline = Deadline.after(DEADLINE_MS, clock);
    await clock.advance(0.6 * DEADLINE_MS + 1);
    const answer = await recommender.reco(
      { userId: "u1", sessionId: null, k: 5, exclude: new Set() },
      deadline,
    );
    expect(answer.degraded).toBe("timeout:reduced");
    expect(count("histories")).toBe(0);
  });

  test("with less than 5 ms left nothing is read", async () => {
    const { ask, warmUp, count } = setUp();
    await warmUp();
    expect((await ask("reco", {}, 4)).degraded).toBe("timeout:reduced");
    expect(count("histories")).toBe(0);
  });

  test("with little of the deadline left but all in memory the answer is the full one", async () => {
    const { ask, recommender, clock } = setUp();
    await ask("reco");
    const deadline = Deadline.after(DEADLINE_MS, clock);
    await clock.advance(0.9 * DEADLINE_MS);
    expect(
      await recommender.reco({ userId: "u1", sessionId: null, k: 5, exclude: new Set() }, deadline),
    ).toMatchObject(full);
  });
});

describe("lower rungs", () => {
  test("what comes too late in a call for many is popular, with nothing read", async () => {
    const { ask, warmUp, count } = setUp();
    await warmUp();
    const answer = await ask("reco", { isLate: true, k: 2 });
    expect([answer.degraded, answer.ids, count("histories")]).toEqual(["timeout:popular", ["A", "Y"], 0]);
  });

  const snapshot = items({ A: 9, S: 8, T: 7 });

  test("after a restart without a store the last popular list is answered, excluded items left out", async () => {
    const { ask, warmUp, store } = setUp({ snapshot });
    store.mood = down;
    expect(await warmUp()).toBe("snapshot");
    const answer = await ask("reco", { exclude: new Set(["S"]) });
    expect(answer).toMatchObject({
      modelVersion: "rules-v1",
      strategy: "fallback:popular",
      degraded: "error:popular",
    });
    expect(answer.ids).toEqual(["A", "T"]);
  });

  test("the popular list leaves out what the user just watched", async () => {
    const { ask, warmUp, store, state } = setUp({ snapshot });
    store.mood = down;
    await warmUp();
    const watch = { eventId: "watch-1", userId: "u1", itemId: "A", signal: "view", tsMs: 9_000 } as const;
    state.overlayAdd([{ ...watch, origin: "stream" }]);
    expect((await ask("recommend")).ids).toEqual(["S", "T"]);
  });

  test.each([
    ["fails", down, "error"],
    ["hangs", { kind: "frozen" }, "timeout"],
  ] as [string, FakeStore["mood"], string][])(
    "with nothing known and a store that %s the list is empty",
    async (_, mood, cause) => {
      const { ask, store } = setUp();
      store.mood = mood;
      const answer = await ask("reco");
      expect(answer).toMatchObject({ items: [], strategy: "fallback:empty", degraded: `${cause}:empty` });
      expect(answer.tookMs).toBeLessThan(DEADLINE_MS);
    },
  );

  test("with an empty store the list is empty, and says that nothing is known", async () => {
    const { ask } = setUp({ contents: {} });
    expect(await ask("reco")).toMatchObject({
      items: [],
      strategy: "fallback:empty",
      degraded: "empty:empty",
    });
  });

  test("returns to the full policy by itself when the store is back", async () => {
    const { ask, warmUp, store, clock } = setUp({ snapshot });
    store.mood = down;
    await warmUp();
    await ask("reco");
    store.mood = { kind: "well" };
    await clock.advance(10_000); // Longer than the breaker stays open.
    expect(await ask("reco")).toMatchObject(full);
  });

  test("a bug in the policy is reported and answered with popular items", async () => {
    const { ask, warmUp, state, failed } = setUp();
    await warmUp();
    state.overlay.entries = () => {
      state.overlay.entries = () => [];
      throw new TypeError("a bug");
    };
    const answer = await ask("reco");
    expect(answer).toMatchObject({ strategy: "fallback:popular", degraded: "error:popular" });
    expect(failed).toEqual(["answer: a bug"]);
  });
});

describe("titles", () => {
  const contents = {
    titles: new Map([
      ["X", "Title of X"],
      ["untitled", null],
    ]),
  };
  const titlesOf = async (setting: ReturnType<typeof setUp>, ids: string[]) => {
    const titles = setting.recommender.titles(ids, Deadline.after(DEADLINE_MS, setting.clock));
    await setting.clock.advance(DEADLINE_MS);
    return Object.fromEntries(await titles);
  };

  test("come from the catalogue, null where there is none", async () => {
    const titles = await titlesOf(setUp({ contents }), ["X", "untitled", "unknown"]);
    expect(titles).toEqual({ X: "Title of X", untitled: null, unknown: null });
  });

  test("an item without a catalogue row is remembered as such", async () => {
    const setting = setUp({ contents });
    const ask = () => setting.recommender.titles(["unknown"], Deadline.after(DEADLINE_MS, setting.clock));
    await ask();
    await ask();
    expect(setting.count("items")).toBe(1);
  });

  test("are the last known ones, or null, while the store hangs", async () => {
    const setting = setUp({ contents });
    await titlesOf(setting, ["X"]);
    await setting.clock.advance(5_000);
    setting.store.mood = { kind: "frozen" };
    expect(await titlesOf(setting, ["X", "untitled"])).toEqual({ X: "Title of X", untitled: null });
  });
});
