/** New items come into slates by quota and exploration, though no source of the policy knows them. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SIGNAL_WEIGHT } from "../../../src/events/model.ts";
import { type CatalogCard, unknownCard } from "../../../src/recommend/catalog-cards.ts";
import { NewestItems } from "../../../src/recommend/newest-items.ts";
import type { ServingRules } from "../../../src/recommend/serving-rules.ts";
import { NO_SPREAD } from "../../../src/recommend/spread.ts";
import type { TrainedModel } from "../../../src/recommend/trained-model.ts";
import { serving } from "../../support/serving.ts";

const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "knn_rules_blend",
  itemIds: [],
  lists: {},
  sessions: null,
  weights: { decayed_popularity: 1 },
  sessionWeights: { decayed_popularity: 1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};

const DAY_MS = 86_400_000;
const published = (itemId: string, ms: number): CatalogCard => ({
  ...unknownCard(itemId),
  published_at: new Date(ms).toISOString(),
});

/** Items a to f are popular; `new-0` is an hour old, `new-1` a day more, and so on. */
async function setUp(rules: Partial<ServingRules>) {
  const served = serving({
    contents: {
      recent: new Map([["u1", { itemIds: ["z"], tsMs: [1] }]]),
      decayed: [..."abcdef"].map((itemId, place) => ({ itemId, score: 9 - place, category: null })),
    },
    settings: { policy: "trained" },
    model,
    rules,
  });
  const nowMs = served.clock.nowMs();
  for (let age = 0; age < 4; age++) {
    const card = published(`new-${age}`, nowMs - age * DAY_MS - 3_600_000);
    served.store.cards.set(card.item_id, { version: 1, card });
  }
  await served.warmUp();
  return served;
}

const spread = { ...NO_SPREAD, freshDays: 2 };

describe("new items", () => {
  test("take the share of places that the quota gives them, the newest first", async () => {
    const { ask } = await setUp({ spread: { ...spread, freshnessQuota: 0.5 } });
    expect((await ask("reco", { k: 4 })).ids).toEqual(["a", "b", "new-0", "new-1"]);
  });

  test("are in the pool of exploration, those that are young enough and wanted", async () => {
    const exploration = { epsilon: 1, fromPosition: 0, poolSize: 4 };
    const { ask } = await setUp({ spread, exploration });
    const asked = { k: 2, explorationId: "r-1" };
    expect((await ask("reco", asked)).exploration?.pool).toEqual(["new-0", "new-1", "c", "d"]);
    const without = { ...asked, exclude: new Set(["new-1"]) };
    expect((await ask("reco", without)).exploration?.pool).toEqual(["new-0", "c", "d", "e"]);
  });

  test.each([0, 10])("have no place by diversity, with a cap of %d", async (maxPerAuthor) => {
    const rare = { epsilon: 1e-12, fromPosition: 0, poolSize: 4 };
    const diverse = { ...spread, diversityLambda: 0.1, maxPerAuthor };
    const { ask, store, clock } = await setUp({ spread: diverse, exploration: rare });
    for (const itemId of "abcdef")
      store.cards.set(itemId, { version: 1, card: { ...unknownCard(itemId), tags: ["same"] } });
    await clock.advance(1_000);
    const { ids, exploration } = await ask("reco", { k: 4, explorationId: "r-1" });
    expect(ids).toEqual(["a", "b", "c", "d"]);
    expect(exploration?.pool).toEqual(["new-0", "new-1", "e", "f"]);
    const short = await ask("reco", { k: 8, explorationId: "r-1" });
    expect(short.ids.toSorted()).toEqual([..."abcdef", "new-0", "new-1"]);
  });

  test("stay away where neither asks for them", async () => {
    const { ask } = await setUp({ spread });
    expect((await ask("reco")).ids).toEqual([..."abcdef"]);
  });
});

describe("the newest items", () => {
  test("are those of all cards as they are now", () => {
    const card = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.option(fc.integer({ min: 0, max: 50 })));
    fc.assert(
      fc.property(fc.array(card, { maxLength: 100 }), fc.integer({ min: 0, max: 50 }), (cards, after) => {
        const newest = new NewestItems();
        const now = new Map<string, number | null>();
        for (const [n, day] of cards) {
          const itemId = `i${String(n).padStart(2, "0")}`;
          now.set(itemId, day);
          newest.note(day === null ? unknownCard(itemId) : published(itemId, day * DAY_MS));
        }
        const expected = [...now]
          .flatMap(([itemId, day]) => (day !== null && day >= after ? [[itemId, day] as const] : []))
          .sort(([one, day], [other, otherDay]) => otherDay - day || (one < other ? -1 : 1));
        const since = newest.since(new Date(after * DAY_MS).toISOString());
        expect(since).toEqual(expected.map(([itemId]) => itemId));
      }),
    );
  });

  test("are a bounded number, and a changed card leaves no gap", () => {
    const newest = new NewestItems();
    for (let n = 0; n < 1_000; n++) newest.note(published(`i${n}`, n * DAY_MS));
    newest.note(unknownCard("i999"));
    const told = newest.since(new Date(0).toISOString());
    expect([told.length, told[0], told.at(-1)]).toEqual([200, "i998", "i799"]);
  });
});
