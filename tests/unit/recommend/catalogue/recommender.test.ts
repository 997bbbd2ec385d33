import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { StoreUnavailableError } from "../../../../src/core/errors.ts";
import { SIGNAL_WEIGHT } from "../../../../src/events/model.ts";
import { itemKnn } from "../../../../src/models/item-knn.ts";
import { takesOf } from "../../../../src/models/takes.ts";
import { train } from "../../../../src/models/train.ts";
import { DEFAULT_CHANNEL_WEIGHTS } from "../../../../src/recommend/catalogue/channel-weights.ts";
import { PLAIN_RULES } from "../../../../src/recommend/serving-rules.ts";
import type { TrainedModel } from "../../../../src/recommend/trained-model.ts";
import { cards, catalogue } from "../../../support/catalogue.ts";
import { type FakeStore, items } from "../../../support/fake-feature-reader.ts";
import { logOf } from "../../models/logs.ts";

const log = logOf("x k|x k|x y|b z|b z");
const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "knn_rules_blend",
  itemIds: log.itemIds,
  lists: { item_knn: itemKnn(takesOf(log)) },
  sessions: null,
  weights: { item_knn: 1 },
  sessionWeights: { sequential_rules: 1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};
const run = { model, rules: PLAIN_RULES, surfaces: new Map() };
const primary = { primary: { slot: "default", run }, shadow: null };

const contents = (): Partial<FakeStore> => ({
  neighbours: new Map([
    [
      "x",
      {
        totalWeight: 6,
        items: [
          { itemId: "after-1", weight: 3, count: 3 },
          { itemId: "after-2", weight: 2, count: 1 },
          { itemId: "after-3", weight: 1, count: 1 },
        ],
      },
    ],
  ]),
  popularity: items({ p1: 50, p2: 40, "after-1": 3 }),
  cards: cards({
    x: { tags: ["jazz"], category: "music", price: 20, cover_image: "x.png" },
    "like-1": { tags: ["jazz"], category: "music", price: 30, cover_image: "like-1.png" },
    "like-2": { category: "music", price: 3_000 },
    "after-1": { tags: ["rock"], category: "film", price: 300 },
    p1: { tags: ["pop"], price: 10_000 },
  }),
});
const down = { kind: "failing", error: new StoreUnavailableError("connect", "away") } as const;

describe("beside an item stands", () => {
  test("what followed it, what is like it, and what is popular, each with its reasons", async () => {
    const { beside, recalled } = await catalogue(contents());
    const answer = await beside();
    expect(recalled).toEqual([
      ["behavior", 3],
      ["content", 0],
      ["vector", 0],
      ["user_cf", 0],
      ["alike", 2],
      ["popular", 3],
    ]);
    expect(answer).toMatchObject({
      algorithmVersion: "rules-v1",
      variant: "primary",
      degraded: null,
      label: { name: "builtin:rules-v1" },
    });
    expect(new Map(answer.items.map(({ itemId, reason }) => [itemId, reason]))).toEqual(
      new Map([
        ["like-1", "tags+category+price"],
        ["after-1", "behavior"],
        ["like-2", "category"],
        ["after-2", "behavior"],
        ["p1", "popular"],
        ["p2", "popular"],
        ["after-3", "behavior"],
      ]),
    );
    expect(answer.items[0]).toMatchObject({
      itemId: "like-1",
      title: "Title of like-1",
      price: 30,
      coverImage: "like-1.png",
      propensity: 1,
    });
    expect(answer.items[0]?.score).toBeCloseTo(0.95, 12);
    // Nobody's history is known, so half of 1.2 is left.
    expect(answer.items.find(({ itemId }) => itemId === "after-1")?.score).toBeCloseTo(0.6, 12);
    expect(answer.items.find(({ itemId }) => itemId === "p2")).toMatchObject({ title: null, price: null });
  });

  test("what a run learned, while it serves", async () => {
    const { beside, recommender } = await catalogue(contents());
    recommender.install(primary);
    const answer = await beside();
    expect(answer).toMatchObject({
      algorithmVersion: "20260101_023000",
      label: { name: "default:20260101_023000", variant: "primary" },
    });
    expect(answer.ids).toContain("k");
    recommender.install({ primary: null, shadow: null });
    expect((await beside()).ids).not.toContain("k");
  });

  test("what a run with vectors and sessions finds near it, and for the user", async () => {
    const options = { runId: "20260101_023000", texts: new Map(), halfLifeHours: 8_760, onStage() {} };
    const learned = train(logOf("x k|x k|x y k|b z|b z q"), { ...options, easeMaxRows: 1 }).model;
    const reasonsOf = async (userId: string | null) => {
      const { beside, recommender } = await catalogue({
        ...contents(),
        recent: new Map([["u", { itemIds: ["b"], tsMs: [1_700_000_000_000] }]]),
      });
      recommender.install({ primary: { slot: "default", run: { ...run, model: learned } }, shadow: null });
      return new Map((await beside({ userId })).items.map(({ itemId, reason }) => [itemId, reason]));
    };
    const nobody = await reasonsOf(null);
    expect(nobody.get("k")).toBe("behavior+vector");
    expect(nobody.has("q")).toBe(false);
    expect((await reasonsOf("u")).get("q")).toContain("user_cf");
  });

  test("popular items behind it, for one that nobody knows", async () => {
    const { beside } = await catalogue(contents());
    expect((await beside({ itemId: "never heard of" })).ids).toEqual(["p1", "p2", "after-1"]);
  });

  test("no popular item that is cheap or forgotten and little used", async () => {
    const activity = new Map([
      ["p1", { interactions: 3, newestMs: 0 }],
      ["p2", { interactions: 3, newestMs: null }],
    ]);
    const { beside } = await catalogue(contents(), { activity });
    expect((await beside({ itemId: "never heard of" })).ids).toEqual(["after-1"]);
  });

  test("what weights of the models folder make of it", async () => {
    const { beside, recommender } = await catalogue(contents());
    expect((await beside()).ids[0]).toBe("like-1");
    recommender.weigh({ ...DEFAULT_CHANNEL_WEIGHTS, behavior: 12 });
    expect((await beside()).ids[0]).toBe("after-1");
  });
});

describe("for a user", () => {
  const known = (): Partial<FakeStore> => ({
    ...contents(),
    recent: new Map([["u", { itemIds: ["after-1"], tsMs: [1_700_000_000_000] }]]),
    hiddenByUsers: new Map([["u", ["like-2"]]]),
  });

  test("what was taken lately and what they hide is left out, what they like gains", async () => {
    const store = known();
    store.neighbours?.set("after-1", {
      totalWeight: 1,
      items: [{ itemId: "p2", weight: 1, count: 1 }],
    });
    const { beside } = await catalogue(store);
    const answer = await beside({ userId: "u", limit: 50 });
    expect(answer.ids).not.toContain("after-1");
    expect(answer.ids).not.toContain("like-2");
    expect(answer.items.find(({ itemId }) => itemId === "p2")?.reason).toBe("popular+personalized");
  });

  test("a shadow answers its share, always the same, and nothing of it is kept", async () => {
    const { beside, recommender } = await catalogue(known());
    recommender.install({ primary: null, shadow: { rollout: 1, run } });
    expect(await beside({ userId: "u" })).toMatchObject({
      variant: "shadow",
      algorithmVersion: "20260101_023000",
      label: { name: "shadow:20260101_023000" },
    });
    recommender.install({ primary: null, shadow: null });
    const answer = await beside({ userId: "u" });
    expect(answer.variant).toBe("primary");
    expect(answer.ids).not.toContain("k");
  });
});

describe("an answer is given again", () => {
  test("for 5 minutes, but for other limits and arrangements", async () => {
    const { beside, count, clock, store } = await catalogue(contents());
    const first = await beside();
    store.neighbours.clear();
    await clock.advance(60_000);
    expect((await beside()).ids).toEqual(first.ids);
    const reads = count("neighbours");
    expect((await beside({ limit: 3 })).ids.length).toBe(3);
    await beside({ source: "search" });
    expect(count("neighbours")).toBeGreaterThan(reads);
    await clock.advance(300_000);
    expect((await beside()).ids).not.toContain("after-2");
  });

  test("not once an item in it came to be hidden", async () => {
    const { beside, store, clock } = await catalogue(contents());
    expect((await beside()).ids).toContain("like-1");
    store.hiddenItems.add("like-1");
    await clock.advance(1_000);
    expect((await beside()).ids).not.toContain("like-1");
  });

  test("not after another model came", async () => {
    const { beside, recommender, clock } = await catalogue(contents());
    await beside();
    recommender.install(primary);
    await clock.advance(100);
    expect((await beside()).ids).toContain("k");
  });
});

describe("when nothing can be computed", () => {
  test("the last good answer is given, without what came to be hidden", async () => {
    const { beside, store, state, clock } = await catalogue(contents());
    const good = await beside();
    store.hiddenItems.add(good.ids[0] as string);
    await clock.advance(301_000);
    store.mood = down;
    state.forget();
    await clock.advance(60_000);
    const answer = await beside();
    expect(answer).toMatchObject({
      variant: "fallback",
      degraded: "error:redis",
      algorithmVersion: "rules-v1",
    });
    expect(answer.ids).toEqual(good.ids.slice(1));
    expect(answer.items.map(({ score, reason }) => [score, reason]).slice(0, 2)).toEqual([
      [0.05, "fallback:redis"],
      [0.045, "fallback:redis"],
    ]);
  });

  test("without one what the run learned of the item", async () => {
    const { beside, store, recommender, clock } = await catalogue(contents());
    recommender.install(primary);
    store.mood = down;
    await clock.advance(60_000);
    const answer = await beside();
    expect(answer).toMatchObject({ variant: "fallback", degraded: "error:precomputed" });
    expect(answer.ids).toEqual(["k", "y"]);
  });

  test("without a run what is popular, and never the item itself", async () => {
    const { beside, store, clock } = await catalogue(contents());
    store.mood = down;
    await clock.advance(60_000);
    const answer = await beside({ itemId: "p1" });
    expect(answer.degraded).toBe("error:popular");
    expect(answer.ids).toEqual(["p2", "after-1"]);
    expect(answer.items.every(({ reason }) => reason === "fallback:popular")).toBe(true);
  });

  test("a store that hangs is a timeout", async () => {
    const { beside, store, clock } = await catalogue(contents());
    store.mood = { kind: "frozen" };
    await clock.advance(60_000);
    expect((await beside()).degraded).toBe("timeout:popular");
  });

  test("nothing at all is no failure in itself, and is one when something failed", async () => {
    const { beside, store, clock } = await catalogue({});
    expect(await beside()).toMatchObject({ items: [], degraded: null });
    store.mood = down;
    await clock.advance(60_000);
    expect(await beside()).toMatchObject({ items: [], degraded: "error:no_fallback" });
  });

  test("scores never fall below 0", async () => {
    const popular = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`p${n}`, 100 - n]));
    const { beside, store, clock } = await catalogue({ popularity: items(popular) });
    store.mood = down;
    await clock.advance(60_000);
    const { items: answered } = await beside({ limit: 50 });
    expect(answered[9]?.score).toBe(0.005);
    expect(answered.slice(10).every(({ score }) => score === 0)).toBe(true);
  });
});

describe("on the page of an item", () => {
  test("some places go to items of the catalogue, by the request; nothing varied is kept", async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`c${n}`, {}]));
    const { beside } = await catalogue({ ...contents(), cards: cards({ ...many, x: {} }) });
    const answers = [];
    for (let n = 0; n < 40; n++) {
      answers.push(await beside({ route: "detail", userId: "u", requestId: `call-${n}`, limit: 5 }));
    }
    const drawn = answers.flatMap((answer) => answer.items.filter(({ reason }) => reason === "exploration"));
    expect(drawn.length).toBeGreaterThan(5);
    expect(drawn.every(({ propensity }) => propensity < 0.15)).toBe(true);
    const again = await beside({ route: "detail", userId: "u", requestId: "call-0", limit: 5 });
    expect(again.ids).toEqual(answers[0]?.ids as string[]);
    const plain = answers.filter(({ items: shown }) => shown.every(({ reason }) => reason !== "exploration"));
    expect(new Set(plain.map(({ ids }) => ids.join())).size).toBe(1);
  });
});

test("no answer repeats an item, has the item itself, or one that is hidden", async () => {
  const ids = Array.from({ length: 24 }, (_, n) => `i${n}`);
  const some = fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(
      some,
      some,
      some,
      some,
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom("similar" as const, "detail" as const),
      fc.boolean(),
      async (near, popular, hiddenItems, hiddenByUser, limit, route, isDown) => {
        const { beside, store, state, clock, recommender } = await catalogue({
          neighbours: new Map([
            [
              "i0",
              {
                totalWeight: 9,
                items: near.map((itemId, place) => ({ itemId, weight: 9 / (place + 1), count: 1 })),
              },
            ],
          ]),
          popularity: popular.map((itemId, place) => ({ itemId, score: 100 - place })),
          cards: cards(Object.fromEntries(ids.map((itemId, n) => [itemId, { tags: [`t${n % 3}`] }]))),
          hiddenItems: new Set(hiddenItems),
          hiddenByUsers: new Map([["u", hiddenByUser]]),
        });
        const ask = () => beside({ route, itemId: "i0", userId: "u", limit });
        const good = await ask();
        if (isDown) {
          // Nothing that is kept may stand in for the store.
          recommender.weigh({ ...DEFAULT_CHANNEL_WEIGHTS, popular: 0.01 });
          state.forget();
          store.mood = down;
          await clock.advance(1_000);
        }
        for (const { ids: shown } of [good, await ask()]) {
          expect(shown.length).toBeLessThanOrEqual(limit);
          expect(new Set(shown).size).toBe(shown.length);
          for (const itemId of ["i0", ...hiddenItems, ...hiddenByUser]) expect(shown).not.toContain(itemId);
        }
      },
    ),
    { numRuns: 30 },
  );
}, 60_000);
