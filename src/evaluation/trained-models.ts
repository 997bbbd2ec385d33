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

/** Name of the row. */
export const TRAINED = "trained";

export function trainedModels(model: TrainedModel, features: FrozenFeatures): readonly Model[] {
  const scratch = new TrainedScratch();
  const placed = placeModel(model, features.table);
  const by =
    (weightsFor: (profile: Profile) => BlendWeights) =>
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
        weightsFor(profile),
      );
  const alone = ([...LIST_SOURCES, "session_knn"] as const).filter((name) =>
    name === "session_knn" ? model.sessions !== null : (model.lists[name]?.items.length ?? 0) > 0,
  );
  return [
    ...alone.map((name) => ({ name, rank: by(() => ({ [name]: 1 })) })),
    { name: TRAINED, rank: by(({ isGuest }) => (isGuest ? model.sessionWeights : model.weights)) },
  ];
}
