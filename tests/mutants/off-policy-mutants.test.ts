/** The off-policy estimates with one thought left out at a time: the law that the real ones keep must catch it. */

import { expect, test } from "bun:test";
import { estimate } from "../../src/evaluation/ope/estimates.ts";
import type { LoggedSlate, ShownItem } from "../../src/evaluation/ope/logged-slate.ts";
import { checkUnbiased } from "../support/off-policy-checks.ts";

type Estimate = typeof estimate;

const withPropensities =
  (propensityOf: (item: ShownItem, position: number, shown: readonly ShownItem[]) => number): Estimate =>
  (slates, reward, options) => {
    const changed = slates.map(
      (slate): LoggedSlate => ({
        ...slate,
        shown: slate.shown.map((item, position, shown) => ({
          ...item,
          propensity: propensityOf(item, position, shown),
        })),
      }),
    );
    return estimate(changed, reward, options);
  };

/** Takes what was served for what was sure to be served. */
const sure = withPropensities(() => 1);

/** Weighs each position by its own propensity, as if the positions above it could not have been others. */
const positionAlone = withPropensities(
  ({ propensity }, position, shown) => propensity / (shown[position - 1]?.propensity ?? 1),
);

/** Writes the probability of exploring down, and forgets that one of many was drawn. */
const poolForgotten = withPropensities(({ propensity }) => (propensity < 0.5 ? 0.4 : propensity));

/** Cuts weights so early that hardly any exploration counts in full. */
const cutEarly: Estimate = (slates, reward, options) =>
  estimate(slates, reward, { ...options, weightCap: 3 });

test("the real estimates pass", () => checkUnbiased(estimate));

test.each([
  ["propensities of 1", sure],
  ["positions weighed alone", positionAlone],
  ["a pool that is forgotten", poolForgotten],
  ["weights cut at 3", cutEarly],
])("%s are caught", (_, mutant) => {
  expect(() => checkUnbiased(mutant)).toThrow("standard errors");
});
