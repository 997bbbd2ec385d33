/** The trained policy's ranking: its laws against the literal implementation, and session kNN on a small case. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SIGNAL_WEIGHT } from "../../../src/events/model.ts";
import { sessionIndex } from "../../../src/models/sessions.ts";
import { train } from "../../../src/models/train.ts";
import { NOTHING_HIDDEN } from "../../../src/recommend/hidden-items.ts";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import { PopularityIndex } from "../../../src/recommend/popularity-index.ts";
import { EQUAL_SIGNALS } from "../../../src/recommend/profile-weights.ts";
import { explain } from "../../../src/recommend/ranked-list.ts";
import type { SessionDecay } from "../../../src/recommend/session-index.ts";
import { type BlendWeights, placeModel, type TrainedModel } from "../../../src/recommend/trained-model.ts";
import { TrainedScratch } from "../../../src/recommend/trained-scratch.ts";
import { recentIn, viewed } from "../../support/recent.ts";
import { referenceTrained, type TrainedWorld } from "../../support/reference-trained.ts";
import { logOf } from "../models/logs.ts";

function modelOf(story: string, over: Partial<TrainedModel> = {}): TrainedModel {
  const texts = new Map(
    [..."abcdefgh"].map((id, n) => [id, { title: `t${n % 3}`, category: null, author: null, tags: [] }]),
  );
  const options = { runId: "20260101_023000", texts, halfLifeHours: 8_760, easeMaxRows: 100, onStage() {} };
  return { ...train(logOf(story), options).model, ...over };
}

function rank(world: TrainedWorld, weights: BlendWeights, k: number, scratch = new TrainedScratch()) {
  const table = new ItemTable();
  table.intern("something the model does not know");
  const index = new PopularityIndex(table);
  index.replace(world.popularity);
  const placed = placeModel(world.model, table);
  const recent = recentIn(table, world.model, world.recent);
  const unwanted = Array.from(world.unwanted, (itemId) => table.slotOf(itemId));
  return explain(
    scratch.rank({ placed, index, neighbours: [], recent, unwanted, hidden: NOTHING_HIDDEN, k }, weights),
  );
}

const ids = fc.constantFrom(..."abcdefgh");
const worlds = fc.record({
  story: fc
    .array(fc.uniqueArray(ids, { minLength: 1 }), { minLength: 1, maxLength: 12 })
    .map((users) => users.map((own) => own.join(" ")).join("|")),
  recent: fc.array(
    fc.record({ itemId: fc.constantFrom(..."abcdefghxy"), weight: fc.constantFrom(1, 3, 10) }),
    { maxLength: 12 },
  ),
  signalWeights: fc.constantFrom(SIGNAL_WEIGHT, EQUAL_SIGNALS, { view: 0.5, click: 1, purchase: 4 }),
  popularity: fc.uniqueArray(fc.tuple(ids, fc.integer({ min: 1, max: 9 })), { selector: ([id]) => id }),
  unwanted: fc.array(ids, { maxLength: 3 }),
  weights: fc.record({
    ease: fc.integer({ min: 0, max: 3 }),
    item_knn: fc.integer({ min: 0, max: 3 }),
    content: fc.integer({ min: 0, max: 3 }),
    decayed_popularity: fc.integer({ min: 1, max: 3 }),
  }),
});

describe("ranking by a trained model", () => {
  test("is what the literal implementation says, with memory that is used again", () => {
    const scratch = new TrainedScratch();
    fc.assert(
      fc.property(worlds, ({ story, recent, signalWeights, popularity, unwanted, weights }) => {
        const world: TrainedWorld = {
          model: modelOf(story, { profileHalfLife: 3, signalWeights }),
          recent,
          popularity: popularity.map(([itemId, score]) => ({ itemId, score })),
          unwanted: new Set(unwanted),
        };
        const expected = referenceTrained(world, weights, 20);
        const found = rank(world, weights, 20, scratch);
        expect(found.map(({ itemId }) => itemId).sort()).toEqual(expected.map(({ itemId }) => itemId).sort());
        for (const [place, { score }] of found.entries())
          expect(score).toBeCloseTo(expected[place]?.score ?? -1, 4);
        for (const { itemId } of found) expect(world.unwanted.has(itemId)).toBe(false);
      }),
    );
  });

  test("tells of each item what every source gave it, and these add up to its score", () => {
    const world = {
      model: modelOf("a b c|a b|b c d|a d"),
      recent: viewed("a"),
      popularity: [],
      unwanted: new Set(["a"]),
    };
    const found = rank(world, { ease: 0.5, item_knn: 0.3, content: 0.2 }, 10);
    expect(found.length).toBeGreaterThan(0);
    for (const { score, sources } of found) {
      expect(sources.reduce((sum, source) => sum + source.score, 0)).toBeCloseTo(score, 9);
    }
  });
});

test("what is hidden is no candidate, and makes room for what is not", () => {
  const model = modelOf("a b c|a b|b c d|a d", { profileHalfLife: 3 });
  const table = new ItemTable();
  const index = new PopularityIndex(table);
  index.replace([
    { itemId: "e", score: 2 },
    { itemId: "d", score: 1 },
  ]);
  const placed = placeModel(model, table);
  const recent = recentIn(table, model, viewed("a"));
  const hidden = { has: (slot: number) => ["b", "e"].includes(table.nameOf(slot)) };
  const input = { placed, index, neighbours: [], recent, unwanted: recent.slots, hidden, k: 5 };
  const { itemIds } = new TrainedScratch().rank(input, { ease: 0.6, decayed_popularity: 0.4 });
  expect([...itemIds].sort()).toEqual(["c", "d"]);
});

test("an item that was bought says more than one that was viewed since", () => {
  const model = modelOf("a b|a b|c d|c d", { profileHalfLife: 5 });
  const best = (recent: TrainedWorld["recent"]) =>
    rank({ model, recent, popularity: [], unwanted: new Set("ac") }, { ease: 1 }, 1).map(
      ({ itemId }) => itemId,
    );
  expect(best(viewed("c", "a"))).toEqual(["d"]);
  expect(best([...viewed("c"), { itemId: "a", weight: 10 }])).toEqual(["b"]);
});

describe("session kNN", () => {
  const model = (decay: SessionDecay) =>
    modelOf("", {
      itemIds: [..."abcde"],
      lists: {},
      sessions: sessionIndex(logOf("a b c|a d e|b c e|a b c"), decay),
    });

  test.each<SessionDecay>(["vsknn", "stan"])(
    "by %s finds what came in sessions like the present one",
    (decay) => {
      const world = {
        model: model(decay),
        recent: viewed("b", "a"),
        popularity: [],
        unwanted: new Set(["a", "b"]),
      };
      const found = rank(world, { session_knn: 1 }, 10).map(({ itemId }) => itemId);
      expect(found[0]).toBe("c");
      expect(new Set(found)).toEqual(new Set(["c", "d", "e"]));
    },
  );

  test("knows nothing of a session without a known item", () => {
    const world = { model: model("stan"), recent: viewed("x"), popularity: [], unwanted: new Set<string>() };
    expect(rank(world, { session_knn: 1 }, 10)).toEqual([]);
  });
});
