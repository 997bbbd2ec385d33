/** Learns what a model's sources hold from a training log, with settings that are already chosen. */

import type { ItemLists } from "../recommend/item-lists.ts";
import type { SessionDecay } from "../recommend/session-index.ts";
import type { BlendWeights, TrainedModel } from "../recommend/trained-model.ts";
import { itemKnn } from "./item-knn.ts";
import { sessionIndex } from "./sessions.ts";
import type { Takes } from "./takes.ts";
import type { TrainingLog } from "./training-log.ts";

export interface Settings {
  /** Of EASE; null where its matrix does not fit. */
  readonly lambda: number | null;
  readonly profileHalfLife: number;
  readonly sessionDecay: SessionDecay;
  readonly weights: BlendWeights;
  readonly sessionWeights: BlendWeights;
}

/** What serves untrained: also what a log too short to choose anything gets. */
export const DEFAULT_SETTINGS: Settings = {
  lambda: 200,
  profileHalfLife: 5,
  sessionDecay: "stan",
  weights: { sequential_rules: 0.3, ease: 0.6, decayed_popularity: 0.1 },
  sessionWeights: { sequential_rules: 0.3, ease: 0.2, session_knn: 0.4, decayed_popularity: 0.1 },
};

/** Where the matrix of EASE does not fit: the other source that goes by the whole profile stands in for it. */
export const DEFAULT_SETTINGS_WITHOUT_EASE: Settings = {
  ...DEFAULT_SETTINGS,
  lambda: null,
  weights: withoutEase(DEFAULT_SETTINGS.weights),
  sessionWeights: withoutEase(DEFAULT_SETTINGS.sessionWeights),
};

function withoutEase({ ease, ...others }: BlendWeights): BlendWeights {
  return ease === undefined ? others : { ...others, item_knn: ease };
}

/** Everything that does not depend on lambda. `ease` is learned by the caller, who may try several. */
export function learn(
  log: TrainingLog,
  takes: Takes,
  content: ItemLists,
  ease: ItemLists | null,
  settings: Settings,
): Omit<TrainedModel, "runId" | "strategy"> {
  return {
    itemIds: log.itemIds,
    lists: { ...(ease && { ease }), item_knn: itemKnn(takes), content },
    sessions: sessionIndex(log, settings.sessionDecay),
    weights: settings.weights,
    sessionWeights: settings.sessionWeights,
    profileHalfLife: settings.profileHalfLife,
  };
}
