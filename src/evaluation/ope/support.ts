/** Whether served slates can say anything of a policy. */

import { importanceWeights } from "./importance-weights.ts";
import type { LoggedSlate } from "./logged-slate.ts";

export interface Support {
  readonly slates: number;
  readonly users: number;
  readonly shownItems: number;
  /** Share of the shown items down to which the policy would have shown the same. */
  readonly overlap: number;
  /** (sum of weights)^2 / (sum of their squares): shown items of the policy itself that would tell as much (Kish 1965). */
  readonly effectiveSampleSize: number;
  /** Near 1 where everything that the policy shows had a chance of being served; less says how much had none. */
  readonly meanWeight: number;
  /** Weights that were cut off. */
  readonly cutWeights: number;
}

export function supportOf(slates: readonly LoggedSlate[], weightCap: number): Support {
  let [shownItems, agreeing, sum, squares, cutWeights] = [0, 0, 0, 0, 0];
  for (const slate of slates) {
    const weights = importanceWeights(slate, Number.POSITIVE_INFINITY);
    shownItems += weights.length;
    for (const whole of weights) {
      const weight = Math.min(whole, weightCap);
      if (weight > 0) agreeing++;
      if (whole > weightCap) cutWeights++;
      sum += weight;
      squares += weight * weight;
    }
  }
  return {
    slates: slates.length,
    users: new Set(slates.map(({ userId }) => userId)).size,
    shownItems,
    overlap: shownItems > 0 ? agreeing / shownItems : 0,
    effectiveSampleSize: squares > 0 ? (sum * sum) / squares : 0,
    meanWeight: shownItems > 0 ? sum / shownItems : 0,
    cutWeights,
  };
}
