/** The way of models into service with one guarantee broken at a time: the check that the real one passes must catch it. */

import { describe, expect, test } from "bun:test";
import { type PromotionCase, whyKept } from "../../src/actors/trainer-decide.ts";
import { withoutKeptLists } from "../../src/recommend/shadow-comparison.ts";
import { checkPromotions, checkShadowApart } from "../support/trainer-checks.ts";

/** The real decision about another case than the one at hand. */
const deciding =
  (change: (promotion: PromotionCase) => Partial<PromotionCase>) => (promotion: PromotionCase) =>
    whyKept({ ...promotion, ...change(promotion) });

const MUTANTS = {
  "promotes without an interval above 0": deciding(({ figures }) => ({
    figures: figures && { ...figures, ci_low: Number.MIN_VALUE },
  })),
  "promotes what is better on average": deciding(({ figures }) => ({
    figures: figures && { ...figures, ci_low: figures.diff },
  })),
  "promotes what was compared with nothing": (promotion: PromotionCase) =>
    promotion.figures === null ? null : whyKept(promotion),
  "promotes in production without a canary": deciding(() => ({ environmentClass: "development" })),
  "promotes under load without a canary": deciding(() => ({ requestsLastHour: 0 })),
  "promotes although it was told not to": deciding(() => ({ autoPromote: true })),
  "promotes over what somebody else has promoted": deciding(() => ({ hasServingChanged: false })),
};

describe("promotions", () => {
  test("that are decided as they should be pass", () => {
    checkPromotions(whyKept);
  });

  test.each(Object.entries(MUTANTS))("caught: one that %s", (_, mutant) => {
    expect(() => checkPromotions(mutant)).toThrow();
  });
});

describe("a compared shadow", () => {
  test("that has a state of its own passes", async () => {
    await checkShadowApart(withoutKeptLists);
  });

  test("caught: one whose lists take the place of those that are kept for answers", async () => {
    await expect(checkShadowApart((state) => state)).rejects.toThrow("a kept list is gone");
  });
});
