/** A trained policy under examination, and each of its sources alone: the functions that serve. */

import { NOTHING_HIDDEN } from "../recommend/hidden-items.ts";
import { recentOf, Weigher } from "../recommend/profile-weights.ts";
import { SESSION_DECAYS } from "../recommend/session-index.ts";
import {
  type BlendWeights,
  LIST_SOURCES,
  objectivesOf,
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
  const whole = placeModel(model, features.table);
  const weigher = new Weigher(objectivesOf(model));
  const by =
    (weightsFor: (profile: Profile) => BlendWeights, placed = whole) =>
    (profile: Profile): ScoredList =>
      scratch.rank(
        {
          placed,
          index: features.decayed,
          neighbours: newestNeighbours(profile, features),
          recent: weigher.weigh(recentOf(profile.slots, profile.weights)),
          unwanted: profile.slots,
          hidden: NOTHING_HIDDEN,
          k: LIST_LENGTH,
        },
        weightsFor(profile),
      );
  const lists = LIST_SOURCES.filter((name) => (model.lists[name]?.items.length ?? 0) > 0);
  const { sessions, factors } = model;
  return [
    ...lists.map((name) => ({ name, rank: by(() => ({ [name]: 1 })) })),
    ...(factors ? [{ name: "ials", rank: by(() => ({ ials: 1 })) }] : []),
    // Both kinds, whichever of them the run has chosen.
    ...(sessions === null ? [] : SESSION_DECAYS).map((decay) => {
      const placed = { ...whole, model: { ...model, sessions: sessions && { ...sessions, decay } } };
      return { name: decay, rank: by(() => ({ session_knn: 1 }), placed) };
    }),
    { name: TRAINED, rank: by(({ isGuest }) => (isGuest ? model.sessionWeights : model.weights)) },
  ];
}
