/** How a trained policy answers: by what the run learned and the stream knows, without what must not be seen. */

import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { SIGNAL_WEIGHT } from "../../../src/events/model.ts";
import { itemKnn } from "../../../src/models/item-knn.ts";
import { takesOf } from "../../../src/models/takes.ts";
import { unknownCard } from "../../../src/recommend/catalog-cards.ts";
import type { ItemFacts } from "../../../src/recommend/expression.ts";
import { EQUAL_SIGNALS } from "../../../src/recommend/profile-weights.ts";
import { lackingSource, type RankingRules } from "../../../src/recommend/ranking-rules.ts";
import type { ServingRules } from "../../../src/recommend/serving-rules.ts";
import { NO_SPREAD } from "../../../src/recommend/spread.ts";
import type { TrainedModel } from "../../../src/recommend/trained-model.ts";
import { type FakeEvents, type FakeStore, items } from "../../support/fake-feature-reader.ts";
import { serving } from "../../support/serving.ts";
import { logOf } from "../models/logs.ts";

const log = logOf("a x|a x|a y|b z|b z");
const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "knn_rules_blend",
  itemIds: log.itemIds,
  lists: { item_knn: itemKnn(takesOf(log)) },
  sessions: null,
  weights: { item_knn: 0.7, sequential_rules: 0.2, decayed_popularity: 0.1 },
  sessionWeights: { sequential_rules: 0.9, decayed_popularity: 0.1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};

const events = (...itemIds: string[]): FakeEvents => ({
  itemIds,
  tsMs: itemIds.map((_, place) => 1_000 + place),
});

const contents = (): Partial<FakeStore> => ({
  recent: new Map([
    ["u1", events("a")],
    ["session:s1", events("a")],
  ]),
  neighbours: new Map([["a", { totalWeight: 5, items: [{ itemId: "new", weight: 5, count: 1 }] }]]),
  decayed: ["t", "x"].map((itemId, place) => ({ itemId, score: 10 - place, category: null })),
});

const setUp = (rules: Partial<ServingRules> = {}) =>
  serving({ contents: contents(), settings: { policy: "trained", rankedListTtlMs: 20_000 }, model, rules });

describe("a trained policy answers", () => {
  test("by its run and by rules newer than it, and says so", async () => {
    const answer = await setUp().ask("reco");
    expect(answer).toMatchObject({
      modelVersion: "knn_rules_blend-20260101_023000",
      strategy: "knn_rules_blend",
      degraded: null,
    });
    expect(answer.ids).toEqual(["x", "y", "new", "t"]);
  });

  test("a guest by the weights for sessions", async () => {
    const { ids } = await setUp().ask("reco", { userId: "nobody", sessionId: "s1" });
    expect(ids[0]).toBe("new");
  });

  test("without what the caller excludes", async () => {
    const { ids } = await setUp().ask("reco", { exclude: new Set(["x", "new"]) });
    expect(ids).toEqual(["y", "t"]);
  });

  test("with a watch just acknowledged", async () => {
    const { ask, state } = setUp();
    await ask("reco");
    const watch = {
      eventId: "watch-1",
      userId: "u1",
      signal: "view",
      tsMs: 9_000,
      origin: "stream",
    } as const;
    state.overlayAdd([{ ...watch, itemId: "b" }]);
    expect((await ask("reco")).ids).toContain("z");
  });

  test.each(["stored", "acknowledged", "of the session"])(
    "by a purchase more than by a view since: one that is %s",
    async (kind) => {
      const bestBy = async (signal: "view" | "purchase") => {
        const { ask, state, store } = setUp();
        const weight = SIGNAL_WEIGHT[signal];
        const isStored = kind === "stored";
        store.recent.set("u2", {
          itemIds: isStored ? ["b", "a"] : ["a"],
          tsMs: isStored ? [1_000, 2_000] : [2_000],
          weights: isStored ? [weight, 1] : [1],
        });
        const taken = { itemId: "b", tsMs: 1_000 };
        if (kind === "acknowledged")
          state.overlayAdd([{ ...taken, eventId: "watch-1", userId: "u2", signal, origin: "stream" }]);
        const sessionEvents = kind === "of the session" ? [{ ...taken, weight }] : [];
        return (await ask("reco", { userId: "u2", sessionEvents })).ids[0];
      };
      expect(await bestBy("view")).toBe("x");
      expect(await bestBy("purchase")).toBe("z");
    },
  );

  test("somebody unknown with what is popular", async () => {
    expect((await setUp().ask("reco", { userId: "nobody" })).ids).toEqual(["t", "x"]);
  });
});

describe("a trained policy that replays what was seen", () => {
  const replaySeen = { halfLifeMs: 3_600_000 };
  const returning = (rules: Partial<ServingRules> = {}, ageMs = replaySeen.halfLifeMs) => {
    const shop = setUp({ replaySeen, ...rules });
    const tsMs = [shop.clock.nowMs() - ageMs];
    shop.store.recent.set("u1", { itemIds: ["x"], tsMs });
    return shop;
  };

  test("gives it back half of its score after the half-life", async () => {
    const early = await returning({}, 0).ask("reco");
    const half = await returning().ask("reco");
    const late = await returning({}, 100 * replaySeen.halfLifeMs).ask("reco");
    const scoreIn = ({ items }: typeof half) => items.find(({ itemId }) => itemId === "x")?.score ?? 0;
    expect(scoreIn(half)).toBeCloseTo(scoreIn(late) / 2, 6);
    expect(scoreIn(early)).toBeLessThan(0.001);
    expect(early.ids.at(-1)).toBe("x");
  });

  test("but not what the caller excludes", async () => {
    expect((await returning().ask("reco", { exclude: new Set(["x"]) })).ids).not.toContain("x");
  });

  test("on the pages that follow as well", async () => {
    const { ask, recommender, clock } = returning({}, 100 * replaySeen.halfLifeMs);
    const whole = await ask("reco", { isPaged: true });
    const first = await ask("reco", { isPaged: true, k: 1 });
    const request = { userId: "u1", sessionId: null, k: 10, exclude: new Set<string>(), isPaged: true };
    const rest = await recommender.nextPage(first.page, request, Deadline.after(1_000, clock));
    expect([...first.ids, ...rest.list.itemIds]).toEqual([...whole.ids]);
    expect(whole.ids).toContain("x");
  });

  test("which a policy without the rule does not", async () => {
    expect((await returning({ replaySeen: null }).ask("reco")).ids).not.toContain("x");
  });
});

describe("a policy document that says how to rank", () => {
  const bestBy = async (ranking: RankingRules, surface?: string) => {
    const { ask, store } = serving({
      contents: contents(),
      settings: { policy: "trained" },
      model,
      ranking,
      surfaces: { rail: { ranking: { weights: { decayed_popularity: 1 } } } },
    });
    store.recent.set("u2", { itemIds: ["b", "a"], tsMs: [1, 2], weights: [10, 1] });
    return (await ask("reco", { userId: "u2", ...(surface && { surface }) })).ids[0];
  };

  test("has its weights, half-life and signals in place of those that the run learned", async () => {
    expect(await bestBy({})).toBe("z");
    expect(await bestBy({ weights: { decayed_popularity: 1 } })).toBe("t");
    expect(await bestBy({ objectives: [{ weight: 1, halfLife: 0.25 }] })).toBe("x");
    expect(await bestBy({ objectives: [{ weight: 1, signalWeights: EQUAL_SIGNALS }] })).toBe("x");
  });

  test("sums what several objectives make of a profile", async () => {
    const newest = { signalWeights: EQUAL_SIGNALS, halfLife: 0.25 };
    expect(await bestBy({ objectives: [{ weight: 9, ...newest }, { weight: 1 }] })).toBe("x");
    expect(await bestBy({ objectives: [{ weight: 1, ...newest }, { weight: 9 }] })).toBe("z");
  });

  test("for guests by the weights of sessions", async () => {
    const guest = { userId: "nobody", sessionId: "s1" };
    const shop = (ranking: RankingRules) =>
      serving({ contents: contents(), settings: { policy: "trained" }, model, ranking });
    expect((await shop({ sessionWeights: { item_knn: 1 } }).ask("reco", guest)).ids[0]).toBe("x");
    expect((await shop({ weights: { item_knn: 1 } }).ask("reco", guest)).ids[0]).toBe("new");
  });

  test("and a surface in its own way", async () => {
    expect(await bestBy({}, "rail")).toBe("t");
  });

  test("can count no source that the run neither has nor counted", () => {
    expect(lackingSource(model, { weights: { item_knn: 1, sequential_rules: 1 } })).toBeNull();
    expect(lackingSource(model, { weights: { ease: 0, ials: 0 } })).toBeNull();
    expect(lackingSource(model, { sessionWeights: { session_knn: 0.1 } })).toBe("session_knn");
    expect(
      lackingSource({ ...model, sessionWeights: { session_knn: 1 } }, { weights: { session_knn: 1 } }),
    ).toBeNull();
    expect(lackingSource(model, { weights: { ease: 1 } })).toBe("ease");
  });
});

describe("a policy that counts what trends", () => {
  const shop = (points: Record<string, number>, ranking: RankingRules = { weights: { trending: 1 } }) => {
    const asked: string[] = [];
    const world = serving({
      contents: contents(),
      settings: { policy: "trained", rankedListTtlMs: 0 },
      model,
      ranking,
      trending: async (window) => {
        asked.push(window);
        return items(points);
      },
    });
    return { ...world, asked };
  };

  test("has it in its answers once it is read, and tells how much it gave", async () => {
    const { ask, asked } = shop({ "hot-1": 5, "hot-2": 3 });
    await ask("reco");
    expect(asked).toEqual(["1h", "24h"]);
    const answer = await ask("reco");
    expect(answer.ids.slice(0, 2)).toEqual(["hot-1", "hot-2"]);
    expect(answer.items[0]?.sources).toEqual([{ name: "trending", score: 1 }]);
  });

  test("reads it now and then, and keeps what it has while it cannot", async () => {
    const points = { "hot-1": 5 } as Record<string, number>;
    const { ask, asked, clock } = shop(points);
    await ask("reco");
    for (let turn = 0; turn < 5; turn++) await ask("reco");
    expect(asked).toHaveLength(2);
    await clock.advance(10_000);
    points["hot-2"] = 9;
    await ask("reco");
    expect((await ask("reco")).ids[0]).toBe("hot-2");
    expect(asked).toHaveLength(4);
  });

  test("answers without it while it cannot be read, and nobody reads it whose policy counts it nothing", async () => {
    const failing = serving({
      contents: contents(),
      settings: { policy: "trained" },
      model,
      ranking: { weights: { trending: 1, item_knn: 0.1 } },
      trending: () => Promise.reject(new Error("no store")),
    });
    await failing.ask("reco");
    expect((await failing.ask("reco")).degraded).toBeNull();
    const { ask, asked } = shop({ "hot-1": 5 }, {});
    expect((await ask("reco")).ids).not.toContain("hot-1");
    expect(asked).toEqual([]);
  });
});

test("a policy that counts what is new has the newest items in its answers, the newest first", async () => {
  const world = serving({
    contents: contents(),
    settings: { policy: "trained" },
    model,
    ranking: { weights: { latest: 1 } },
  });
  const day = (age: number) => new Date(world.clock.nowMs() - age * 86_400_000).toISOString();
  const published = { "a week old": day(7), "of today": day(0), announced: day(-2), "long ago": day(70) };
  for (const [itemId, published_at] of Object.entries(published))
    world.store.cards.set(itemId, { version: 1, card: { ...unknownCard(itemId), published_at } });
  await world.warmUp();
  const { items: found } = await world.ask("reco");
  const score = (itemId: string) => found.find((each) => each.itemId === itemId)?.score ?? 0;
  expect(score("announced")).toBeCloseTo(score("of today"), 3);
  expect(score("of today")).toBeGreaterThan(score("a week old"));
  expect(score("a week old") / score("of today")).toBeCloseTo(0.5, 2);
  expect(score("a week old")).toBeGreaterThan(score("long ago"));
});

describe("a surface with rules of its own", () => {
  const surfaces = { rail: { spread: { ...NO_SPREAD, maxPerCategory: 1 } } };
  const shop = () => {
    const cards = ["x", "y", "new", "t"].map((itemId, place) => {
      const category = place < 2 ? "one" : null;
      return [itemId, { version: 1, card: { ...unknownCard(itemId), category } }] as const;
    });
    const settings = { policy: "trained", rankedListTtlMs: 20_000 } as const;
    return serving({ contents: { ...contents(), cards: new Map(cards) }, settings, model, surfaces });
  };

  test("is answered by them, and all others by the policy's", async () => {
    const { ask, warmUp } = shop();
    await warmUp();
    expect((await ask("reco", { surface: "rail" })).ids).toEqual(["x", "new", "t"]);
    for (const surface of [undefined, "default", "rai"])
      expect((await ask("reco", surface ? { surface } : {})).ids).toEqual(["x", "y", "new", "t"]);
  });

  test("has a kept list of its own", async () => {
    const { ask, warmUp } = shop();
    await warmUp();
    const asked = { surface: "rail", k: 3 };
    const first = await ask("reco", asked);
    await ask("reco", { k: 3 });
    expect((await ask("reco", asked)).ids).toEqual(first.ids);
    expect((await ask("reco", { k: 3 })).ids).toEqual(["x", "y", "new"]);
  });
});

describe("a trained policy that explores", () => {
  const exploration = { epsilon: 1, fromPosition: 1, poolSize: 200 };
  const asked = { k: 2, explorationId: "request-1" };

  test("draws places, and says with what probability", async () => {
    const { list, exploration: told } = await setUp({ exploration }).ask("reco", asked);
    expect(list.itemIds[0]).toBe("x");
    expect(["new", "t"]).toContain(list.itemIds[1] as string);
    expect(told).toMatchObject({ greedy: ["x", "y"], pool: ["new", "t"], drawn: [1], rules: exploration });
    expect([...(told?.propensities ?? [])]).toEqual([1, 0.5]);
    expect(told?.seed).toMatch(/^[0-9a-f]{64}$/);
  });

  test("answers the same to the same request, and leaves nothing of it in what it keeps", async () => {
    const { ask } = setUp({ exploration });
    const first = await ask("reco", asked);
    expect((await ask("reco", asked)).ids).toEqual(first.ids);
    for (let request = 0; request < 20; request++) await ask("reco", { k: 2, explorationId: `r-${request}` });
    expect((await ask("reco", { k: 2 })).ids).toEqual(["x", "y"]);
  });

  test("does not where the route has no request to explore for, or epsilon is 0", async () => {
    const silent = await setUp({ exploration }).ask("reco", { k: 2 });
    const off = await setUp({ exploration: { ...exploration, epsilon: 0 } }).ask("reco", asked);
    for (const { ids, exploration: told } of [silent, off]) {
      expect(ids).toEqual(["x", "y"]);
      expect(told).toBeNull();
    }
  });

  test("draws nothing that the caller excludes, that is filtered, or that the user saw", async () => {
    const isNotT = {
      text: "",
      asksUser: false,
      asksItem: [],
      of: ({ item_id: id }: ItemFacts) => id !== "t",
    };
    const { ask } = setUp({ exploration });
    for (let request = 0; request < 20; request++) {
      const { ids } = await ask("reco", {
        explorationId: `r-${request}`,
        k: 2,
        exclude: new Set(["new"]),
        filter: isNotT,
      });
      expect(new Set(ids)).toEqual(new Set(["x", "y"]));
    }
  });
});

describe("a trained policy that spreads", () => {
  test("keeps to the caps, in what it explores as well", async () => {
    const card = (itemId: string, author: string) => ({
      version: 1,
      card: { ...unknownCard(itemId), author },
    });
    const cards = new Map(["x", "y", "new"].map((itemId) => [itemId, card(itemId, "one")]));
    const spread = { ...NO_SPREAD, maxPerAuthor: 1 };
    const { ask } = serving({
      contents: { ...contents(), cards },
      settings: { policy: "trained", rankedListTtlMs: 20_000 },
      model,
      rules: { spread, exploration: { epsilon: 1, fromPosition: 0, poolSize: 200 } },
    });
    expect((await ask("reco")).ids).toEqual(["x", "t"]);
    for (let request = 0; request < 20; request++) {
      const { ids } = await ask("reco", { k: 1, explorationId: `r-${request}` });
      expect(["x", "t"]).toContain(ids[0] as string);
    }
  });
});
