import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { trendingOrder } from "../../../../src/recommend/catalogue/trending.ts";

const scored = (scores: Record<string, number>) =>
  Object.entries(scores).map(([itemId, score]) => ({ itemId, score }));

describe("the trending list", () => {
  test("goes by counts; ties by trending score, then by popularity, then by id", () => {
    const counts = scored({ e: 3, d: 3, c: 3, b: 3, a: 9 });
    expect(trendingOrder(counts, scored({ e: 1, d: 2 }), ["c"])).toEqual(["a", "d", "e", "c", "b"]);
  });

  test("is filled by trending scores, then by what is popular", () => {
    expect(trendingOrder(scored({ a: 1 }), scored({ z: 5, y: 7 }), ["p", "y", "a", "q"])).toEqual([
      "a",
      "y",
      "z",
      "p",
      "q",
    ]);
  });

  test("has every known item once", () => {
    const some = fc.dictionary(fc.constantFrom(..."abcdef"), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(some, some, fc.uniqueArray(fc.constantFrom(..."abcdef")), (counts, scores, popular) => {
        const order = trendingOrder(scored(counts), scored(scores), popular);
        expect(order.toSorted()).toEqual(
          [...new Set([...Object.keys(counts), ...Object.keys(scores), ...popular])].sort(),
        );
      }),
    );
  });
});
