import { describe, expect, test } from "bun:test";
import { isWorthShowing } from "../../../../src/recommend/catalogue/popular-items.ts";

const NOW_MS = 1_000 * 86_400_000;
const daysAgo = (days: number) => NOW_MS - days * 86_400_000;

describe("a popular item", () => {
  test.each([
    ["cheap and little used", 1.89, 65, 0, false],
    ["cheap and used", 1.89, 66, 0, true],
    ["not that cheap", 1.9, 1, 0, true],
    ["without a price", null, 1, 0, true],
    ["idle and little used", 5, 29, 181, false],
    ["idle and used", 5, 30, 181, true],
    ["little used lately", 5, 29, 180, true],
  ] as const)("%s", (_, price, interactions, idleDays, isShown) => {
    const activity = { itemId: "a", interactions, newestMs: daysAgo(idleDays) };
    expect(isWorthShowing(price, activity, NOW_MS)).toBe(isShown);
  });

  test("without any interaction that is stored", () => {
    expect(isWorthShowing(5, { itemId: "a", interactions: 0, newestMs: null }, NOW_MS)).toBe(false);
  });
});
