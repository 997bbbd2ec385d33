import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decisiveLength, meanRank } from "../../../src/evaluation/mean-rank.ts";

const list = (scores: readonly number[]) => ({ itemIds: scores.map((_, place) => `i-${place}`), scores });

describe("mean rank", () => {
  test.each([
    ["alone in its place", [5, 4, 3], 1, 2],
    ["first of two equals", [5, 5, 3], 0, 1.5],
    ["second of two equals", [5, 5, 3], 1, 1.5],
    ["one of three equals in the middle", [9, 4, 4, 4, 1], 2, 3],
    ["all equal", [1, 1, 1, 1, 1], 4, 3],
  ])("%s", (_, scores, place, rank) => {
    expect(meanRank(list(scores), `i-${place}`)).toBe(rank);
  });

  test("is infinite for an item that is not in the list", () => {
    expect(meanRank(list([2, 1]), "other")).toBe(Number.POSITIVE_INFINITY);
  });

  test("up to a depth is the same in a list that was cut at its decisive length", () => {
    const depth = 5;
    const scores = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(scores, fc.nat(), (drawn, pick) => {
        const sorted = drawn.toSorted((a, b) => b - a);
        const target = `i-${pick % sorted.length}`;
        const whole = meanRank(list(sorted), target);
        const cut = meanRank(list(sorted.slice(0, decisiveLength(depth))), target);
        expect(cut <= depth ? cut : "beyond").toBe(whole <= depth ? whole : "beyond");
      }),
    );
  });
});
