/** The law of off-policy estimates: over many logs they come out at what the policy truly brings. */

import { seededRandom } from "../../src/core/random.ts";
import type { Estimate, estimate } from "../../src/evaluation/ope/estimates.ts";
import { servedSlates, truth } from "./served-world.ts";

const LOGS = 60;
const STANDARD_ERRORS = 4;

export interface Outcome {
  readonly mean: number;
  /** Distance of the mean from the truth in standard errors. */
  readonly off: number;
  /** Share of the intervals that hold the truth. */
  readonly covered: number;
}

const NAMES = ["ips", "snips", "dr"] as const;

/** What each estimator says of clicks over many logs. */
export function outcomesOf(estimator: typeof estimate): ReadonlyMap<string, Outcome> {
  const logs = Array.from({ length: LOGS }, (_, log) =>
    estimator(servedSlates(1_000 + log), ({ clicked }) => Number(clicked), {
      weightCap: Number.POSITIVE_INFINITY,
      resamples: 200,
      random: seededRandom(log),
    }),
  );
  return new Map(NAMES.map((name) => [name, outcomeOf(logs.map((estimates) => estimates[name]))]));
}

function outcomeOf(estimates: readonly Estimate[]): Outcome {
  const { clicks } = truth();
  const mean = estimates.reduce((sum, { value }) => sum + value, 0) / LOGS;
  const variance = estimates.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / (LOGS - 1);
  const covered = estimates.filter(({ low, high }) => low <= clicks && clicks <= high).length;
  return { mean, off: Math.abs(mean - clicks) / Math.sqrt(variance / LOGS), covered: covered / LOGS };
}

/** Throws when one of them is off. */
export function checkUnbiased(estimator: typeof estimate): void {
  for (const [name, { off, mean }] of outcomesOf(estimator)) {
    if (off > STANDARD_ERRORS) {
      throw new Error(`${name} says ${mean} on average, ${off} standard errors from ${truth().clicks}`);
    }
  }
}
