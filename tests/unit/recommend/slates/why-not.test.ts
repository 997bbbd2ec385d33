/** Each reason why an item is not in a slate, on slates that a recommender served. */

import { describe, expect, test } from "bun:test";
import { SIGNAL_WEIGHT } from "../../../../src/events/model.ts";
import { compileBoost, compileFilter } from "../../../../src/recommend/expression.ts";
import type { RecoRequest } from "../../../../src/recommend/recommender.ts";
import type { ServingRules } from "../../../../src/recommend/serving-rules.ts";
import { explainSlate } from "../../../../src/recommend/slates/explain-slate.ts";
import { replaySlate } from "../../../../src/recommend/slates/replay.ts";
import { whyNot } from "../../../../src/recommend/slates/why-not.ts";
import { NO_SPREAD } from "../../../../src/recommend/spread.ts";
import type { TrainedModel } from "../../../../src/recommend/trained-model.ts";
import type { FakeEvents, FakeStore } from "../../../support/fake-feature-reader.ts";
import { serveSlate } from "../../../support/served.ts";
import { serving } from "../../../support/serving.ts";

const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "rules_blend",
  itemIds: [],
  lists: {},
  sessions: null,
  weights: { sequential_rules: 0.5, decayed_popularity: 0.5 },
  sessionWeights: { decayed_popularity: 1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};
const RANKED = ["p", "q", "r", "s", "t"];
const events = (...itemIds: string[]): FakeEvents => ({ itemIds, tsMs: itemIds.map((_, place) => place) });
const card = (itemId: string, place: number) => ({
  item_id: itemId,
  title: itemId,
  price: place,
  cover_image: null,
  category: place < 3 ? "early" : "late",
  author: place < 2 ? "one" : "other",
  tags: place < 2 ? ["same"] : [`t${place}`],
  verified: true,
  published_at: null,
  attributes: {},
});

const contents = (): Partial<FakeStore> => ({
  recent: new Map([["u1", events("old", "older", "a")]]),
  decayed: RANKED.map((itemId, place) => ({ itemId, score: 10 - place, category: null })),
  cards: new Map(RANKED.map((itemId, place) => [itemId, { version: 1, card: card(itemId, place) }])),
  hiddenByUsers: new Map([["u1", ["mine"]]]),
});

function serve(request: Partial<RecoRequest> = {}, rules: Partial<ServingRules> = {}) {
  const world = serving({
    contents: contents(),
    settings: { policy: "trained", rankedListTtlMs: 20_000 },
    model,
    rules,
  });
  return serveSlate(world, { k: 2, explorationId: "request-1", ...request });
}

const KNOWN = { isKnown: true, isHidden: false };
const filterOf = (text: string) => {
  const filter = compileFilter(text);
  if (!filter.ok) throw new Error(filter.error);
  return filter.value;
};

describe("why not", () => {
  test("shown: with its place", async () => {
    expect(whyNot(await serve(), "q", KNOWN)).toMatchObject({ verdict: "shown", position: 1, propensity: 1 });
  });

  test("excluded by the caller", async () => {
    expect(whyNot(await serve({ exclude: new Set(["p"]) }), "p", KNOWN)).toEqual({ verdict: "excluded" });
  });

  test("hidden by the user, or from everybody", async () => {
    const slate = await serve();
    expect(whyNot(slate, "mine", KNOWN)).toEqual({ verdict: "hidden", by: "user" });
    expect(whyNot(slate, "gone", { isKnown: true, isHidden: true })).toEqual({
      verdict: "hidden",
      by: "catalogue",
    });
  });

  test("seen: so many interactions ago", async () => {
    expect(whyNot(await serve(), "old", KNOWN)).toEqual({ verdict: "seen", interactions_ago: 2 });
    const replaying = await serve({}, { replaySeen: { halfLifeMs: 1_000 } });
    expect(whyNot(replaying, "old", KNOWN)).toMatchObject({ verdict: "not_retrieved" });
  });

  test("unknown to the catalogue and to everybody", async () => {
    expect(whyNot(await serve(), "x", { isKnown: false, isHidden: false })).toEqual({
      verdict: "unknown_item",
    });
  });

  test("not retrieved: behind what each source brought", async () => {
    expect(whyNot(await serve(), "x", KNOWN)).toEqual({
      verdict: "not_retrieved",
      sources: [
        { name: "sequential_rules", best_rank: null, candidates: 0 },
        { name: "decayed_popularity", best_rank: null, candidates: 5 },
      ],
    });
  });

  test("outranked: its score and rank, and the score of the last shown item", async () => {
    const slate = await serve();
    expect(whyNot(slate, "s", KNOWN)).toMatchObject({
      verdict: "outranked",
      rank: 3,
      last_shown_score: slate.slate.items[1]?.score as number,
    });
  });

  test("outranked among those that passed a filter, with the boost in its score", async () => {
    const boost = compileBoost("item.price == 0 ? 0.1 : 1");
    if (!boost.ok) throw new Error(boost.error);
    const slate = await serve({ boost: boost.value });
    expect(slate.slate.items.map(({ itemId }) => itemId)).toEqual(["q", "r"]);
    const verdict = whyNot(slate, "p", KNOWN);
    expect(verdict).toMatchObject({ verdict: "outranked", rank: 2 });
    expect((verdict as { score: number }).score).toBeCloseTo(0.05, 9);
    const [first] = explainSlate(slate).items;
    expect(first?.contributions?.at(-1)).toMatchObject({ name: "boost", raw: 1, contribution: 0 });
  });

  test("filtered: the expression, and what it looked at", async () => {
    const slate = await serve({ filter: filterOf('item.category == "late"') });
    expect(whyNot(slate, "p", KNOWN)).toEqual({
      verdict: "filtered",
      expression: 'item.category == "late"',
      item: { item_id: "p", category: "early" },
      user: { attributes: {} },
    });
  });

  test("capped: by which cap, and how many are shown", async () => {
    const slate = await serve({}, { spread: { ...NO_SPREAD, maxPerAuthor: 1 } });
    expect(slate.slate.items.map(({ itemId }) => itemId)).toEqual(["p", "r"]);
    expect(whyNot(slate, "q", KNOWN)).toEqual({
      verdict: "capped",
      cap: "max_per_author",
      value: "one",
      limit: 1,
      count: 1,
    });
    expect(whyNot(slate, "t", KNOWN)).toMatchObject({ verdict: "outranked" });
  });

  test("replaced by diversity: a better score than one that is shown", async () => {
    const slate = await serve({}, { spread: { ...NO_SPREAD, diversityLambda: 0.3 } });
    expect(slate.slate.items.map(({ itemId }) => itemId)).toEqual(["p", "r"]);
    expect(whyNot(slate, "q", KNOWN)).toMatchObject({ verdict: "replaced_by_diversity", rank: 1 });
    expect(explainSlate(slate).items[1]?.diversity).toEqual({ rank: 2, position: 1 });
  });

  test("replaced by exploration: which item has its place", async () => {
    const exploration = { epsilon: 1, fromPosition: 1, poolSize: 10 };
    const slate = await serve({}, { exploration });
    const drawn = slate.slate.items[1];
    expect(drawn?.isExplored).toBe(true);
    expect(whyNot(slate, "q", KNOWN)).toEqual({
      verdict: "replaced_by_exploration",
      position: 1,
      by: drawn?.itemId ?? "",
    });
    expect(replaySlate(slate, { kind: "stored" })).toMatchObject({ ok: true, value: { identical: true } });
  });

  test("cannot be told without features, but for what the slate itself says", async () => {
    const slate = { ...(await serve({ exclude: new Set(["e"]) })), features: "truncated" as const };
    expect(whyNot(slate, "s", KNOWN)).toBeNull();
    expect(whyNot(slate, "e", KNOWN)).toEqual({ verdict: "excluded" });
  });
});
