/** Slates made again from what they were stored with: the same, bit by bit, whatever policy served and whatever was asked. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadline } from "../../../../src/core/deadline.ts";
import { SIGNAL_WEIGHT } from "../../../../src/events/model.ts";
import { itemKnn } from "../../../../src/models/item-knn.ts";
import { takesOf } from "../../../../src/models/takes.ts";
import type { CatalogCard } from "../../../../src/recommend/catalog-cards.ts";
import { compileBoost, compileFilter } from "../../../../src/recommend/expression.ts";
import { explainSlate } from "../../../../src/recommend/slates/explain-slate.ts";
import { replaySlate } from "../../../../src/recommend/slates/replay.ts";
import type { StoredSlate } from "../../../../src/recommend/slates/slate.ts";
import { whyNot } from "../../../../src/recommend/slates/why-not.ts";
import { NO_SPREAD } from "../../../../src/recommend/spread.ts";
import type { TrainedModel } from "../../../../src/recommend/trained-model.ts";
import type { FakeStore } from "../../../support/fake-feature-reader.ts";
import { serveSlate, storedSlate } from "../../../support/served.ts";
import { serving } from "../../../support/serving.ts";
import { logOf } from "../../models/logs.ts";

const IDS = Array.from({ length: 24 }, (_, place) => `item-${place}`);
const log = logOf(
  "item-0 item-1 item-2|item-0 item-2 item-5|item-1 item-5 item-7|item-2 item-7 item-11|item-3 item-4 item-0",
);
const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "knn_rules_blend",
  itemIds: log.itemIds,
  lists: { item_knn: itemKnn(takesOf(log)) },
  sessions: null,
  weights: { item_knn: 0.6, sequential_rules: 0.2, co_visitation: 0.1, decayed_popularity: 0.1 },
  sessionWeights: { item_knn: 0.5, sequential_rules: 0.4, decayed_popularity: 0.1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};

const someIds = (max: number) => fc.uniqueArray(fc.constantFrom(...IDS), { maxLength: max });
const worlds = fc.record({
  policy: fc.constantFrom("rules-v1", "stream-v1", "trained"),
  recent: fc.oneof(
    { weight: 1, arbitrary: fc.constant<string[]>([]) },
    { weight: 3, arbitrary: fc.array(fc.constantFrom(...IDS), { minLength: 1, maxLength: 12 }) },
  ),
  popular: fc.uniqueArray(fc.tuple(fc.constantFrom(...IDS), fc.double({ min: 0.01, max: 9, noNaN: true })), {
    selector: ([id]) => id,
    minLength: 1,
    maxLength: 24,
  }),
  follows: fc.array(fc.tuple(fc.constantFrom(...IDS), someIds(6)), { maxLength: 10 }),
  hidden: someIds(2),
  exclude: someIds(3),
  k: fc.integer({ min: 1, max: 12 }),
  filter: fc.constantFrom(null, 'item.category == "even"', "item.price < 14", "user.attributes.age > 3"),
  boost: fc.constantFrom(null, "item.price / 5", 'item.category == "odd" ? 3 : 1'),
  spread: fc.constantFrom({}, { maxPerAuthor: 2 }, { maxPerCategory: 3, diversityLambda: 0.6 }),
  epsilon: fc.constantFrom(0, 0.8),
  /** Null: what was seen stays away. */
  halfLifeMs: fc.constantFrom(null, 1e12, 1e14),
  isSession: fc.boolean(),
  /** Requests that came before. */
  before: fc.integer({ min: 0, max: 2 }),
});
type World = typeof worlds extends fc.Arbitrary<infer T> ? T : never;

/** Whose lists are kept. */
const plainWorlds = worlds.map(
  (world): World => ({
    ...world,
    policy: "trained",
    hidden: [],
    exclude: [],
    filter: null,
    boost: null,
  }),
);
const compiled = <T>(result: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

const cardOf = (itemId: string, place: number): CatalogCard => ({
  item_id: itemId,
  title: itemId,
  price: place,
  cover_image: null,
  category: place % 2 === 0 ? "even" : "odd",
  author: `a${place % 4}`,
  tags: [`t${place % 3}`, "x"],
  verified: true,
  published_at: null,
  attributes: {},
});

function worldOf(
  { policy, recent, popular, follows, hidden, spread, epsilon, halfLifeMs, isSession }: World,
  rankedListTtlMs = 20_000,
) {
  const who = isSession ? "session:s1" : "u1";
  const scored = popular.map(([itemId, score]) => ({ itemId, score })).sort((a, b) => b.score - a.score);
  const contents: Partial<FakeStore> = {
    history: new Map([["u1", recent.map((itemId, place) => ({ itemId, tsMs: 1_000 + place }))]]),
    recent: new Map([
      [
        who,
        {
          itemIds: recent,
          tsMs: recent.map((_, place) => 1_000 + place),
          weights: recent.map((_, place) => [1, 3, 10][place % 3] as number),
        },
      ],
    ]),
    popularity: scored,
    decayed: scored.map((each, place) => ({ ...each, category: place % 3 === 0 ? null : `c${place % 2}` })),
    related: new Map(
      follows.map(([itemId, then]) => [itemId, then.map((id, place) => ({ itemId: id, score: 9 - place }))]),
    ),
    neighbours: new Map(
      follows.map(([itemId, then]) => [
        itemId,
        {
          totalWeight: 20,
          items: then.map((id, place) => ({ itemId: id, weight: 7 / (place + 1), count: 3 - (place % 3) })),
        },
      ]),
    ),
    cards: new Map(IDS.map((itemId, place) => [itemId, { version: 1, card: cardOf(itemId, place) }])),
    // Some are new, so that content brings them.
    newness: new Map(IDS.map((itemId, place) => [itemId, { createdAtMs: place, interactions: place % 7 }])),
    userAttributes: new Map([["u1", { age: 5 }]]),
    hiddenByUsers: new Map([["u1", hidden]]),
  };
  const rules = {
    spread: {
      maxPerAuthor: 0,
      maxPerCategory: 0,
      freshnessQuota: 0,
      freshDays: 30,
      diversityLambda: 1,
      ...spread,
    },
    exploration: { epsilon, fromPosition: 1, poolSize: 8 },
    replaySeen: halfLifeMs === null ? null : { halfLifeMs },
  };
  const isTrained = policy === "trained";
  return serving({
    contents,
    settings: { policy: policy as "rules-v1", rankedListTtlMs },
    ...(isTrained && { model, rules }),
  });
}

const requestOf = ({ k, filter, boost, exclude }: World, explorationId: string) => ({
  k,
  exclude: new Set(exclude),
  filter: filter === null ? null : compiled(compileFilter(filter)),
  boost: boost === null ? null : compiled(compileBoost(boost)),
  explorationId,
});

async function serve(world: World): Promise<StoredSlate> {
  const shop = worldOf(world);
  await shop.warmUp();
  for (let turn = 0; turn < world.before; turn++) {
    await serveSlate(shop, requestOf(world, `before-${turn}`));
  }
  return serveSlate(shop, requestOf(world, "request-1"));
}

describe("a slate that is made again", () => {
  test("by its own policy is identical", async () => {
    const seen = {
      rules: 0,
      blend: 0,
      cold_start: 0,
      popular: 0,
      paged: 0,
      refined: 0,
      explored: 0,
      content: 0,
      returned: 0,
    };
    await fc.assert(
      fc.asyncProperty(fc.oneof(worlds, plainWorlds), async (world) => {
        const stored = await serve(world);
        const replay = replaySlate(stored, { kind: "stored" });
        if (!replay.ok) throw new Error(replay.error);
        expect(replay.value.differences).toEqual([]);
        expect(replay.value.identical).toBe(true);
        if (typeof stored.features === "string") return;
        seen[stored.features.candidates.ranking]++;
        if (stored.features.refined !== null) seen.refined++;
        if (stored.features.candidates.columns.some(({ name }) => name === "content")) seen.content++;
        if (stored.slate.items.some(({ isExplored }) => isExplored)) seen.explored++;
        if (stored.slate.items.some(({ itemId }) => world.recent.includes(itemId))) seen.returned++;
      }),
      { numRuns: 150 },
    );
    const { paged: _pages, popular: _popular, ...expected } = seen;
    expect(Math.min(...Object.values(expected))).toBeGreaterThan(0);
  });

  test("has contributions that add up to each score", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const { items } = explainSlate(await serve(world));
        for (const { score, contributions } of items) {
          const sum = (contributions ?? []).reduce((total, each) => total + each.contribution, 0);
          expect(sum).toBeCloseTo(score, 9);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("of what was kept is the slate that would be made anew", async () => {
    let repeated = 0;
    await fc.assert(
      // What comes back has more of its score by the time of the next answer.
      fc.asyncProperty(fc.oneof(worlds, plainWorlds), async (drawn) => {
        const world = { ...drawn, halfLifeMs: null };
        const bases = new Set<unknown>();
        const [keeping, anew] = [worldOf(world), worldOf(world, 0)];
        await Promise.all([keeping.warmUp(), anew.warmUp()]);
        for (const explorationId of ["request-1", "request-2", "request-3"]) {
          const request = { sessionId: "s1", isStored: true, ...requestOf(world, explorationId) };
          const { list, exploration } = await keeping.ask("reco", request);
          const expected = await anew.ask("reco", request);
          const { itemIds, scores, sourceScores } = expected.list;
          expect(list).toMatchObject({ itemIds, scores, sourceScores });
          expect(exploration).toEqual(expected.exploration);
          if (exploration !== null && bases.has(list.basis)) repeated++;
          bases.add(list.basis);
        }
      }),
      { numRuns: 60 },
    );
    expect(repeated).toBeGreaterThan(0);
  });
});

const identical = { ok: true, value: { identical: true } };

describe("a page", () => {
  test.each(["rules-v1", "stream-v1", "trained"] as const)(
    "of a list by %s is made again, and has contributions that add up to each score",
    async (policy) => {
      let pages = 0;
      await fc.assert(
        fc.asyncProperty(worlds, async (world) => {
          const shop = worldOf({ ...world, policy });
          await shop.warmUp();
          const request = {
            userId: "u1",
            sessionId: "s1",
            ...requestOf({ ...world, k: 3 }, "request-1"),
            isPaged: true,
            isStored: true,
          };
          const first = await shop.ask("reco", request);
          const deadline = Deadline.after(1_000, shop.clock);
          const answer = first.page && (await shop.recommender.nextPage(first.page, request, deadline));
          if (answer === null || answer.list.itemIds.length === 0) return;
          const stored = storedSlate(answer, request, shop.clock.nowMs());
          expect(replaySlate(stored, { kind: "stored" })).toMatchObject(identical);
          for (const { score, contributions } of explainSlate(stored).items) {
            const sum = (contributions ?? []).reduce((total, each) => total + each.contribution, 0);
            expect(sum).toBeCloseTo(score, 9);
          }
          pages++;
        }),
        { numRuns: 60 },
      );
      expect(pages).toBeGreaterThan(0);
    },
  );
});

/** More popular items than are judged; the last of them is new. */
function worldOfNew() {
  const decayed = Array.from({ length: 90 }, (_, place) => ({
    itemId: place === 89 ? "late" : `popular-${place}`,
    score: 100 - place,
    category: null,
  }));
  const world = serving({
    contents: { recent: new Map([["u1", { itemIds: ["item-0"], tsMs: [1_000] }]]), decayed },
    settings: { policy: "trained" },
    model,
    rules: {
      spread: { ...NO_SPREAD, freshDays: 2 },
      exploration: { epsilon: 0.9, fromPosition: 1, poolSize: 6 },
    },
  });
  const published_at = new Date(world.clock.nowMs() - 3_600_000).toISOString();
  world.store.cards.set("late", { version: 1, card: { ...cardOf("late", 0), published_at } });
  return world;
}

describe("a slate of a trained policy", () => {
  const popular = Array.from({ length: 20 }, (_, place) => `item-${place}`);
  const DAY_MS = 86_400_000;
  async function setUp() {
    const world = serving({
      contents: {
        recent: new Map([["u1", { itemIds: ["item-0"], tsMs: [1_000] }]]),
        neighbours: new Map([
          ["item-0", { totalWeight: 5, items: [{ itemId: "item-9", weight: 5, count: 1 }] }],
        ]),
        decayed: popular.map((itemId, place) => ({ itemId, score: 10 - place / 10, category: null })),
      },
      settings: { policy: "trained" },
      model,
      rules: {
        spread: { ...NO_SPREAD, freshDays: 2, freshnessQuota: 0.3 },
        exploration: { epsilon: 0.9, fromPosition: 1, poolSize: 6 },
      },
    });
    const published_at = new Date(world.clock.nowMs() - DAY_MS / 2).toISOString();
    world.store.cards.set("new", { version: 1, card: { ...cardOf("new", 0), published_at } });
    await world.warmUp();
    return world;
  }

  test("keeps what came in for being new, and says why it is not shown", async () => {
    const stored = await serveSlate(await setUp(), { k: 4, explorationId: "request-1" });
    if (typeof stored.features === "string") throw new Error(stored.features);
    expect(stored.features.refined?.fresh).toEqual(["new"]);
    expect(replaySlate(stored, { kind: "stored" })).toMatchObject(identical);
    for (const itemId of [...popular.slice(1), "new"]) {
      const why = whyNot(stored, itemId, { isKnown: true, isHidden: false });
      expect(why?.verdict).not.toBe("not_retrieved");
    }
  });

  test("explains what came in for being new by nothing else, though a source had it far behind", async () => {
    const world = worldOfNew();
    await world.warmUp();
    const requests = Array.from({ length: 20 }, (_, turn) => `request-${turn}`);
    const slates = await Promise.all(
      requests.map((explorationId) => serveSlate(world, { k: 4, explorationId })),
    );
    const isShown = ({ slate }: StoredSlate) => slate.items.some(({ itemId }) => itemId === "late");
    const stored = slates.find(isShown) as StoredSlate;
    const late = explainSlate(stored).items.find(({ item_id }) => item_id === "late");
    expect(late).toMatchObject({ score: 0, explored: true, contributions: [] });
  });

  test("is made again page by page", async () => {
    const world = await setUp();
    const request = {
      userId: "u1",
      sessionId: "s1",
      k: 4,
      exclude: new Set<string>(),
      isPaged: true,
      isStored: true,
      explorationId: "request-1",
    };
    let { page } = await world.ask("reco", request);
    for (let turn = 0; turn < 3; turn++) {
      const deadline = Deadline.after(1_000, world.clock);
      const answer = await world.recommender.nextPage(page, request, deadline);
      const stored = storedSlate(answer, request, world.clock.nowMs());
      expect(stored.features).toMatchObject({ candidates: { ranking: "paged" } });
      expect(replaySlate(stored, { kind: "stored" })).toMatchObject(identical);
      for (const { score, contributions } of explainSlate(stored).items) {
        const sum = (contributions ?? []).reduce((total, each) => total + each.contribution, 0);
        expect(sum).toBeCloseTo(score, 9);
      }
      page = answer.page;
    }
  });

  test("can be asked what another run or the stream's policy would have shown", async () => {
    const stored = await serveSlate(await setUp(), { k: 4 });
    const byRules: TrainedModel = { ...model, weights: { sequential_rules: 1 }, lists: {} };
    const byRun = replaySlate(stored, { kind: "trained", model: byRules });
    expect(byRun.ok && byRun.value.replayed[0]?.item_id).toBe("item-9");
    const byKnn: TrainedModel = { ...model, weights: { item_knn: 1 } };
    const byLists = replaySlate(stored, { kind: "trained", model: byKnn });
    expect(byLists.ok && byLists.value.replayed[0]?.item_id).not.toBe("item-9");
    expect(replaySlate(stored, { kind: "stream-v1" }).ok).toBe(true);
    expect(replaySlate(stored, { kind: "rules-v1" }).ok).toBe(false);
  });

  test("is ranked by another run with the signals that its profile had", async () => {
    const byKnn: TrainedModel = { ...model, weights: { item_knn: 1 } };
    const bestBy = async (weight: number) => {
      const world = await setUp();
      world.store.recent.set("u1", { itemIds: ["item-3", "item-7"], tsMs: [1, 2], weights: [weight, 1] });
      const stored = await serveSlate(world, { k: 4 });
      const byRun = replaySlate(stored, { kind: "trained", model: byKnn });
      return byRun.ok && byRun.value.replayed[0]?.item_id;
    };
    expect(await bestBy(1)).toBe("item-11");
    expect(await bestBy(10)).toBe("item-4");
  });

  test("that the ladder answered is made again, and an empty one needs nothing for it", async () => {
    const world = await setUp();
    world.store.mood = { kind: "frozen" };
    const stored = await serveSlate(world, { userId: "stranger", k: 4 });
    expect(stored.slate.degraded).not.toBeNull();
    expect(replaySlate(stored, { kind: "stored" })).toMatchObject(identical);
    const empty = { slate: { ...stored.slate, items: [] }, features: "missing" as const };
    expect(replaySlate(empty, { kind: "stored" })).toMatchObject(identical);
  });
});
