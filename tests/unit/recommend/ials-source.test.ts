/** iALS as it serves: candidates by the nearest vectors, and every candidate scored. */

import { describe, expect, test } from "bun:test";
import { train } from "../../../src/models/train.ts";
import { FoldIn } from "../../../src/recommend/fold-in.ts";
import { NOTHING_HIDDEN } from "../../../src/recommend/hidden-items.ts";
import { FACTORS } from "../../../src/recommend/item-factors.ts";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import { PopularityIndex } from "../../../src/recommend/popularity-index.ts";
import type { TrainedInput } from "../../../src/recommend/trained-input.ts";
import { placeModel } from "../../../src/recommend/trained-model.ts";
import { TrainedScratch } from "../../../src/recommend/trained-scratch.ts";
import { recentIn, type Take, viewed } from "../../support/recent.ts";
import { logOf } from "../models/logs.ts";

const options = { runId: "20260101_023000", texts: new Map(), halfLifeHours: 8_760, onStage() {} };
/** Two circles of items that meet nowhere. */
const model = {
  ...train(logOf("a b c|b c d|a c d|a b d|w x y|x y z|w y z|w x z"), { ...options, easeMaxRows: 1 }).model,
  profileHalfLife: 2,
};
const table = new ItemTable();
table.intern("something the model does not know");
const index = new PopularityIndex(table);
index.replace([
  { itemId: "z", score: 2 },
  { itemId: "d", score: 1 },
]);
const placed = placeModel(model, table);

function inputOf(recent: readonly Take[], over: Partial<TrainedInput> = {}): TrainedInput {
  const taken = recentIn(table, model, recent);
  return {
    placed,
    index,
    neighbours: [],
    recent: taken,
    unwanted: taken.slots,
    hidden: NOTHING_HIDDEN,
    k: 10,
    ...over,
  };
}

/** x'y by the definition of the profile, for each item of the model. */
function literalScores(recent: readonly Take[]): Map<string, number> {
  const { factors, itemIds } = model;
  if (factors === undefined) throw new Error("EASE does not fit");
  const confidence = new Map<string, number>();
  const mean = recent.reduce((sum, { weight }) => sum + Math.log2(1 + weight), 0) / recent.length;
  for (const [place, { itemId, weight }] of recent.entries()) {
    const sure = (Math.log2(1 + weight) / mean) * 2 ** (-place / model.profileHalfLife);
    if (itemIds.includes(itemId)) confidence.set(itemId, (confidence.get(itemId) ?? 0) + sure);
  }
  const rows = Int32Array.from(
    confidence.keys(),
    (itemId) => factors.places[itemIds.indexOf(itemId)] as number,
  );
  const vector = new Float64Array(FACTORS);
  const sure = Float64Array.from(confidence.values());
  new FoldIn().solve(factors, factors.vectors, rows, sure, rows.length, vector);
  return new Map(
    itemIds.map((itemId, item) => {
      const at = (factors.places[item] as number) * FACTORS;
      let sum = 0;
      for (let k = 0; k < FACTORS; k++) sum += (vector[k] as number) * (factors.vectors[at + k] as number);
      return [itemId, sum];
    }),
  );
}

const rawScores = (input: TrainedInput, scratch = new TrainedScratch()) =>
  scratch.withColumns(input, { ials: 1 }, (slots, columns) => {
    const values = columns.find(({ name }) => name === "ials")?.values as Float32Array;
    return new Map(Array.from(slots, (slot) => [table.nameOf(slot), values[slot] as number]));
  });

describe("iALS", () => {
  test("gives each candidate the product with the folded-in profile, nothing where that is below 0", () => {
    const recent = [...viewed("b", "unknown"), { itemId: "a", weight: 10 }, ...viewed("b")];
    const expected = literalScores(recent);
    const found = rawScores(inputOf(recent));
    expect(found.has("c") && found.has("d")).toBe(true);
    expect(found.has("a") || found.has("b")).toBe(false);
    for (const [itemId, raw] of found) expect(raw).toBeCloseTo(Math.max(0, expected.get(itemId) ?? 0), 6);
  });

  test("keeps the fold-in for as long as the profile, and no longer", () => {
    const scratch = new TrainedScratch();
    const profile = {};
    const recent = recentIn(table, model, viewed("a", "b"));
    const first = rawScores(inputOf([], { recent, profile }), scratch);
    const changed = { ...recent, factors: Float64Array.of(0.1, 1) };
    expect(rawScores(inputOf([], { recent: changed, profile }), scratch)).toEqual(first);
    const other = rawScores(inputOf(viewed("w", "x"), { profile: {} }), scratch);
    expect(other).toEqual(rawScores(inputOf(viewed("w", "x"))));
    const otherFactors = { ...model, factors: { ...(model.factors as object) } as never };
    const again = { placed: placeModel(otherFactors, table), recent: changed, profile };
    expect(rawScores(inputOf([], again), scratch)).not.toEqual(first);
  });

  test("keeps no fold-in of a profile that was weighed in another way", () => {
    const scratch = new TrainedScratch();
    const profile = {};
    const first = rawScores(inputOf(viewed("a", "b"), { profile }), scratch);
    const recent = recentIn(table, { ...model, profileHalfLife: 0.1 }, viewed("a", "b"));
    expect(rawScores(inputOf([], { recent, profile }), scratch)).not.toEqual(first);
  });

  test("passes over what is hidden", () => {
    const hidden = { has: (slot: number) => table.nameOf(slot) === "c" };
    expect(rawScores(inputOf(viewed("a", "b"), { hidden })).has("c")).toBe(false);
  });
});
