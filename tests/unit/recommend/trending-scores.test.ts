import { expect, test } from "bun:test";
import fc from "fast-check";
import { trendingScores } from "../../../src/recommend/trending-scores.ts";

const points = fc
  .uniqueArray(fc.tuple(fc.constantFrom(..."abcdefgh"), fc.nat(50)), { selector: ([id]) => id })
  .map((items) => items.map(([itemId, score]) => ({ itemId, score })));

test("an item that has most in both windows trends with 2, and what has no points not at all", () => {
  const hour = [
    { itemId: "now", score: 4 },
    { itemId: "nothing", score: 0 },
  ];
  const day = [
    { itemId: "now", score: 50 },
    { itemId: "yesterday", score: 25 },
  ];
  expect(trendingScores(hour, day)).toEqual([
    { itemId: "now", score: 2 },
    { itemId: "yesterday", score: 0.5 },
  ]);
});

test("more points never mean less, and scores stay between 0 and 2", () => {
  fc.assert(
    fc.property(points, points, fc.constantFrom(..."abcdefgh"), (hour, day, itemId) => {
      const scoreOf = (items: ReturnType<typeof trendingScores>) =>
        items.find((each) => each.itemId === itemId)?.score ?? 0;
      const before = trendingScores(hour, day);
      for (const { score } of before) expect(score > 0 && score <= 2).toBe(true);
      const others = day.filter((each) => each.itemId !== itemId);
      const own = day.find((each) => each.itemId === itemId)?.score ?? 0;
      expect(scoreOf(trendingScores(hour, [...others, { itemId, score: own + 1 }]))).toBeGreaterThanOrEqual(
        scoreOf(before),
      );
    }),
  );
});
