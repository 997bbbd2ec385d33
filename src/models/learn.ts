/** Learns what a model's sources hold from a training log, with settings that are already chosen. */

import { SIGNAL_WEIGHT } from "../events/model.ts";
import type { ItemFactors } from "../recommend/item-factors.ts";
import type { ItemLists } from "../recommend/item-lists.ts";
import type { SignalWeights } from "../recommend/profile-weights.ts";
import type { SessionDecay } from "../recommend/session-index.ts";
import type { BlendWeights, TrainedModel } from "../recommend/trained-model.ts";
import { DEFAULT_IALS } from "./choose-ials.ts";
import type { IalsSettings } from "./ials-rows.ts";
import { sessionIndex } from "./sessions.ts";
import type { TrainingLog } from "./training-log.ts";

export interface Settings {
  /** Of EASE; null where its matrix does not fit. */
  readonly lambda: number | null;
  /** Of iALS, which then stands in for it; null where EASE serves. */
  readonly ials: IalsSettings | null;
  readonly profileHalfLife: number;
  readonly signalWeights: SignalWeights;
  readonly sessionDecay: SessionDecay;
  readonly weights: BlendWeights;
  readonly sessionWeights: BlendWeights;
}

/** What serves untrained: also what a log too short to choose anything gets. */
export const DEFAULT_SETTINGS: Settings = {
  lambda: 200,
  ials: null,
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
  sessionDecay: "stan",
  weights: { sequential_rules: 0.3, ease: 0.6, decayed_popularity: 0.1 },
  sessionWeights: { sequential_rules: 0.3, ease: 0.2, session_knn: 0.4, decayed_popularity: 0.1 },
};

/** Where the matrix of EASE does not fit. */
export const DEFAULT_SETTINGS_WITHOUT_EASE: Settings = {
  ...DEFAULT_SETTINGS,
  lambda: null,
  ials: DEFAULT_IALS,
  weights: withoutEase(DEFAULT_SETTINGS.weights),
  sessionWeights: withoutEase(DEFAULT_SETTINGS.sessionWeights),
};

function withoutEase({ ease, ...others }: BlendWeights): BlendWeights {
  return ease === undefined ? others : { ...others, ials: ease };
}

/** What the profile as a whole is scored by: lists of EASE, or else factors. */
export interface ProfileModel {
  readonly ease?: ItemLists;
  readonly factors?: ItemFactors;
}

/** Puts a model together from what the caller learned, who may have tried several, and the sessions of the log. */
export function learn(
  log: TrainingLog,
  lists: { readonly item_knn: ItemLists; readonly content: ItemLists },
  { ease, factors }: ProfileModel,
  settings: Settings,
): Omit<TrainedModel, "runId" | "strategy"> {
  return {
    itemIds: log.itemIds,
    lists: { ...(ease && { ease }), ...lists },
    ...(factors && { factors }),
    sessions: sessionIndex(log, settings.sessionDecay),
    weights: settings.weights,
    sessionWeights: settings.sessionWeights,
    profileHalfLife: settings.profileHalfLife,
    signalWeights: settings.signalWeights,
  };
}
