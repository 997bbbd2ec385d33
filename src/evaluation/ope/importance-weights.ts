/**
 * How much a served slate says of another policy, position by position.
 *
 * The propensity of an item is given by the positions above it, so that the weight of a position is the product of all
 * ratios down to it (reward-interaction inverse propensity scoring, McInerney et al. 2020): exact as long as what an item
 * brings depends on itself and on what stands above it. A policy that does not explore shows one list; the weight is then
 * 1 / (product of propensities) down to the first item at which the slate departs from that list, and 0 from there on.
 */

import type { LoggedSlate } from "./logged-slate.ts";

/**
 * Larger weights are cut off. One exploration of .05 among 200 items weighs 4,000 and is kept; slates that agree by two
 * such draws are too rare to be estimated from, and one of them would outweigh thousands of others.
 */
export const WEIGHT_CAP = 10_000;

/** By position; cut at `cap`. Infinity cuts nothing. */
export function importanceWeights({ shown, target }: LoggedSlate, cap: number): Float64Array {
  const weights = new Float64Array(shown.length);
  let propensity = 1;
  for (const [position, item] of shown.entries()) {
    if (item.itemId !== target[position]) break;
    propensity *= item.propensity;
    weights[position] = Math.min(1 / propensity, cap);
  }
  return weights;
}
