import { describe, expect, test } from "bun:test";
import { importanceWeights, WEIGHT_CAP } from "../../../../src/evaluation/ope/importance-weights.ts";
import type { LoggedSlate } from "../../../../src/evaluation/ope/logged-slate.ts";
import { supportOf } from "../../../../src/evaluation/ope/support.ts";
import { servedSlates } from "../../../support/served-world.ts";

const slate = (shown: string, target: string, propensity = 0.5): LoggedSlate => ({
  userId: "ann",
  shown: shown.split("").map((itemId) => ({ itemId, propensity, clicked: false, watchSec: 0 })),
  target: target.split(""),
});

describe("importance weights", () => {
  test("multiply down to the first item at which the slate departs", () => {
    expect([...importanceWeights(slate("abcd", "abdd"), WEIGHT_CAP)]).toEqual([2, 4, 0, 0]);
    expect([...importanceWeights(slate("abc", "ab"), WEIGHT_CAP)]).toEqual([2, 4, 0]);
    expect([...importanceWeights(slate("ab", "ba"), WEIGHT_CAP)]).toEqual([0, 0]);
  });

  test("are cut at the cap", () => {
    expect([...importanceWeights(slate("ab", "ab", 1 / 4_000), WEIGHT_CAP)]).toEqual([4_000, WEIGHT_CAP]);
  });
});

describe("the support of a policy", () => {
  test("counts what agrees, and what is cut", () => {
    const logged = [slate("ab", "ab"), slate("ab", "ba"), slate("ab", "ab", 1 / 4_000)];
    const { overlap, cutWeights, slates, users, shownItems } = supportOf(logged, WEIGHT_CAP);
    expect({ overlap, cutWeights, slates, users, shownItems }).toEqual({
      overlap: 4 / 6,
      cutWeights: 1,
      slates: 3,
      users: 1,
      shownItems: 6,
    });
  });

  test("equal weights are worth as many shown items, one large one is worth one", () => {
    expect(supportOf([slate("a", "a"), slate("a", "a")], WEIGHT_CAP).effectiveSampleSize).toBe(2);
    const unequal = supportOf([slate("a", "a", 1), slate("a", "a", 1 / 1_000)], WEIGHT_CAP);
    expect(unequal.effectiveSampleSize).toBeCloseTo(1, 2);
  });

  test("has a mean weight of 1 where everything had a chance, and less where it had none", () => {
    const explored = servedSlates(11);
    expect(supportOf(explored, Number.POSITIVE_INFINITY).meanWeight).toBeCloseTo(1, 0.5);
    expect(supportOf(servedSlates(11, 0), Number.POSITIVE_INFINITY).meanWeight).toBeLessThan(0.6);
  });

  test("of nothing is nothing", () => {
    expect(supportOf([], WEIGHT_CAP)).toMatchObject({ overlap: 0, effectiveSampleSize: 0, meanWeight: 0 });
  });
});
