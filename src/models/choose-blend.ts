/**
 * Chooses how much each source counts, by more than the luck of few questions.
 *
 * What was found by search among hundreds of blends looks better on the questions that it was found by than it is. It must
 * therefore beat the best source, and that the best of three blends that were written down beforehand, each by a standard
 * error of the paired difference (the rule of one standard error, Breiman et al. 1984).
 */

import type { SourceName } from "../recommend/ranked-list.ts";
import { STREAM_WEIGHTS } from "../recommend/stream-v1.ts";
import type { BlendWeights } from "../recommend/trained-model.ts";
import { type BlendProblem, type FoundBlend, gainsOf, searchBlend } from "./coordinate-search.ts";

/** Knows nothing of the user, and is never far off. */
const PLAIN: SourceName = "decayed_popularity";
/** As the streaming policy blends, which serves where nothing is trained. */
const STREAM: BlendWeights = {
  sequential_rules: STREAM_WEIGHTS.sequentialRules,
  co_visitation: STREAM_WEIGHTS.coVisitation,
  decayed_popularity: STREAM_WEIGHTS.decayedPopularity,
};

/** Where no candidate was ever right, nothing can be chosen by: `defaults` then. */
export function chooseBlend(problem: BlendProblem, defaults: BlendWeights): FoundBlend {
  const found = searchBlend(problem, defaults);
  if (problem.sheets.length === 0) return { ...found, weights: defaults };
  const written = [defaults, STREAM, { [PLAIN]: 1 }].map((weights) => measured(problem, weights));
  const sources = problem.sources.map((name) => measured(problem, { [name]: 1 }));
  const bestSource = bestOf(sources);
  let chosen = bestOf(written);
  if (isBetter(problem, bestSource, chosen)) chosen = bestSource;
  const blend = measured(problem, found.weights);
  if (isBetter(problem, blend, chosen)) chosen = blend;
  const { weights, ndcg } = chosen;
  return { weights, ndcg, tried: found.tried + written.length };
}

interface Measured {
  readonly weights: BlendWeights;
  /** By sheet. */
  readonly gains: Float64Array;
  readonly ndcg: number;
}

/** Of equally good ones the first. */
const bestOf = (all: readonly Measured[]): Measured =>
  all.reduce((best, each) => (each.ndcg > best.ndcg ? each : best));

function measured(problem: BlendProblem, weights: BlendWeights): Measured {
  const gains = gainsOf(problem, weights);
  return { weights, gains, ndcg: gains.reduce((sum, gain) => sum + gain, 0) / problem.questions };
}

/** By the sums of each user's differences: the questions of one user are alike. */
function isBetter({ sheets }: BlendProblem, more: Measured, less: Measured): boolean {
  const byUser = new Map<number, number>();
  for (const [place, { user }] of sheets.entries()) {
    const difference = (more.gains[place] as number) - (less.gains[place] as number);
    byUser.set(user, (byUser.get(user) ?? 0) + difference);
  }
  const users = byUser.size;
  if (users < 2) return false;
  const differences = [...byUser.values()];
  const sum = differences.reduce((total, each) => total + each, 0);
  const squares = differences.reduce((total, each) => total + (each - sum / users) ** 2, 0);
  return sum > Math.sqrt((squares * users) / (users - 1));
}
