import { describe, expect, test } from "bun:test";
import { unknownCard } from "../../../../src/recommend/catalog-cards.ts";
import { cutBottom, diversify, lambdaOf } from "../../../../src/recommend/catalogue/arrange.ts";

const candidates = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ itemId: `i${n}`, score: 100 - n, reasons: ["content"] }));

test.each([
  [0, 0],
  [9, 9],
  [10, 7],
  [11, 8],
  [100, 70],
])("of %p candidates %p are kept", (count, kept) => {
  expect(cutBottom(candidates(count)).length).toBe(kept);
});

describe("how alike an answer may be", () => {
  test.each([
    ["detail", "unknown", false, 0.5],
    ["similar", "unknown", false, 0.4],
    ["similar", "search", false, 0.6],
    ["detail", "landing", false, 0.3],
    ["detail", "home", false, 0.3],
    ["detail", "search", true, 0.5],
    ["detail", "unknown", true, 0.4],
    ["similar", "home", true, 0.2],
    ["similar", "constructor", false, 0.4],
  ] as const)("%s from %s, mobile %p: %p", (route, source, isMobile, lambda) => {
    expect(lambdaOf({ route, source, isMobile })).toBe(lambda);
  });
});

test("an item unlike the ones above comes before a better one that is like them", () => {
  const tags: Record<string, string[]> = { i0: ["a"], i1: ["a"], i2: ["b"] };
  const cardOf = (itemId: string) => ({ ...unknownCard(itemId), tags: tags[itemId] ?? [] });
  const ids = (lambda: number, limit: number) =>
    diversify(candidates(3), lambda, limit, cardOf).map(({ itemId }) => itemId);
  expect(ids(1, 3)).toEqual(["i0", "i1", "i2"]);
  expect(ids(0.5, 2)).toEqual(["i0", "i2"]);
  expect(ids(0.5, 10).length).toBe(3);
});
