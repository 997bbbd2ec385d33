/** Exploration with one guarantee broken at a time: the check that the real one passes must catch it. */

import { expect, test } from "bun:test";
import { explore } from "../../src/recommend/exploration.ts";
import { checkPropensities, type Explore } from "../support/exploration-checks.ts";

const ids = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, place) => `${prefix}${place}`);
const INPUT = {
  greedy: ids("g", 6),
  pool: ids("p", 4),
  rules: { epsilon: 0.3, fromPosition: 2, poolSize: 4 },
};

/** Says of every item that it was the best one. */
const alwaysGreedy: Explore = (input) => {
  const explored = explore(input);
  return { ...explored, propensities: explored.propensities.map((told) => (told === 1 ? 1 : 0.7)) };
};

/** Draws twice as often as it says. */
const overeager: Explore = (input) => {
  const { epsilon } = input.rules;
  const { slate, drawn } = explore({ ...input, rules: { ...input.rules, epsilon: 2 * epsilon } });
  const left = [...input.pool];
  const propensities = Float64Array.from(slate, (item, position) => {
    const at = left.indexOf(item);
    const told = position < input.rules.fromPosition || left.length === 0 ? 1 : 1 - epsilon;
    const share = epsilon / left.length;
    if (at >= 0) left.splice(at, 1);
    return at >= 0 ? share : told;
  });
  return { slate, drawn, propensities };
};

test("the real one passes", () => checkPropensities(explore, INPUT));

test("a propensity that is always 1 - epsilon is caught by the first drawn item", () => {
  expect(() => checkPropensities(alwaysGreedy, INPUT)).toThrow("told");
});

test("drawing more often than told is caught by the frequencies", () => {
  expect(() => checkPropensities(overeager, INPUT)).toThrow("off by");
});
