/** A trained policy under examination, and each of its sources alone: the functions that serve. */

import { NOTHING_HIDDEN } from "../recommend/hidden-items.ts";
import { PROFILE_LENGTH } from "../recommend/trained-input.ts";
import {
  type BlendWeights,
  LIST_SOURCES,
  placeModel,
  type TrainedModel,
} from "../recommend/trained-model.ts";
import { TrainedScratch } from "../recommend/trained-scratch.ts";
import type { FrozenFeatures } from "./frozen-features.ts";
import type { ScoredList } from "./mean-rank.ts";
import { LIST_LENGTH, type Model, newestNeighbours, type Profile } from "./models.ts";
import type { Protocol } from "./split.ts";

/** Name of the row. */
export const TRAINED = "trained";

const ALONE = [...LIST_SOURCES, "ials", "session_knn"] as const;

/** Guests' weights where each session is somebody of whom nothing else is known. */
export function trainedModels(
  model: TrainedModel,
  features: FrozenFeatures,
  protocol: Protocol,
): readonly Model[] {
  const scratch = new TrainedScratch();
  const placed = placeModel(model, features.table);
  const by =
    (weights: BlendWeights) =>
    (profile: Profile): ScoredList =>
      scratch.rank(
        {
          placed,
          index: features.decayed,
          neighbours: newestNeighbours(profile, features),
          recent: profile.slots.slice(-PROFILE_LENGTH).reverse(),
          unwanted: profile.slots,
          hidden: NOTHING_HIDDEN,
          k: LIST_LENGTH,
        },
        weights,
      );
  const has = (name: (typeof ALONE)[number]) => {
    if (name === "session_knn") return model.sessions !== null;
    return name === "ials" ? model.factors !== undefined : (model.lists[name]?.items.length ?? 0) > 0;
  };
  const alone = ALONE.filter(has);
  return [
    ...alone.map((name) => ({ name, rank: by({ [name]: 1 }) })),
    { name: TRAINED, rank: by(protocol === "session" ? model.sessionWeights : model.weights) },
  ];
}
