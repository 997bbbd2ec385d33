/** What a policy document says of how a run ranks, in place of what the run learned. */

import { type Objective, Weigher } from "./profile-weights.ts";
import { SOURCE_NAMES, type SourceName } from "./ranked-list.ts";
import { type BlendWeights, LIST_SOURCES, objectivesOf, type TrainedModel } from "./trained-model.ts";

export interface RankingRules {
  /** For users with a profile. */
  readonly weights?: BlendWeights;
  /** For guests. */
  readonly sessionWeights?: BlendWeights;
  /** At least one; what an objective leaves out is as the run learned it. */
  readonly objectives?: readonly (Pick<Objective, "weight"> & Partial<Objective>)[];
}

export interface Ranking {
  readonly weights: BlendWeights;
  readonly sessionWeights: BlendWeights;
  readonly weigher: Weigher;
}

export function rankingOf(
  model: TrainedModel,
  { weights, sessionWeights, objectives }: RankingRules,
): Ranking {
  const [learned] = objectivesOf(model);
  return {
    weights: weights ?? model.weights,
    sessionWeights: sessionWeights ?? model.sessionWeights,
    weigher: new Weigher(objectives?.map((each) => ({ ...learned, ...each })) ?? [learned]),
  };
}

/**
 * A source that is to count, and that the run neither has nor ever counted; null where there is none. What a run counts itself may have
 * learned nothing.
 */
export function lackingSource(model: TrainedModel, { weights = {}, sessionWeights = {} }: RankingRules) {
  const own = [model.weights, model.sessionWeights];
  const isOwn = (name: SourceName) => own.some((each) => (each[name] ?? 0) > 0);
  const isToCount = (name: SourceName) => (weights[name] ?? 0) + (sessionWeights[name] ?? 0) > 0;
  return SOURCE_NAMES.find((name) => isToCount(name) && !isOwn(name) && !isThere(model, name)) ?? null;
}

function isThere({ lists, factors, sessions }: TrainedModel, name: SourceName): boolean {
  if (name === "ials") return factors !== undefined;
  if (name === "session_knn") return sessions !== null;
  const list = LIST_SOURCES.find((each) => each === name);
  return list === undefined || lists[list] !== undefined;
}
