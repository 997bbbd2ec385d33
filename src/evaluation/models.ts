/** The models under examination: the functions that serve, over features that no longer change. */

import { NOTHING_HIDDEN } from "../recommend/hidden-items.ts";
import { RetrievalScratch, SOURCE_DEPTH } from "../recommend/retrieval.ts";
import { rulesV1 } from "../recommend/rules-v1.ts";
import { type BlendWeights, STREAM_WEIGHTS, StreamScratch } from "../recommend/stream-v1.ts";
import { newestItems } from "../recommend/user-profile.ts";
import type { FrozenFeatures } from "./frozen-features.ts";
import type { ScoredList } from "./mean-rank.ts";

/** The longest list that the API gives. */
export const LIST_LENGTH = 200;

/** A user as known when the question is asked. */
export interface Profile {
  /** Oldest first; an item once for each interaction. */
  readonly itemIds: readonly string[];
  /** Aligned with `itemIds`, in the numbers of the features' table. */
  readonly slots: Int32Array;
  /** Aligned likewise: weights of the signals. */
  readonly weights: Uint8Array;
  /** Somebody of whom one session is all that is known. */
  readonly isGuest: boolean;
}

export interface Model {
  readonly name: string;
  /** The best `LIST_LENGTH` items that the user has not seen. */
  readonly rank: (profile: Profile) => ScoredList;
}

const RULES_ALONE: BlendWeights = { sequentialRules: 1, coVisitation: 0, decayedPopularity: 0 };
const POPULARITY_ALONE: BlendWeights = { sequentialRules: 0, coVisitation: 0, decayedPopularity: 1 };

/** Rows of every report, in their order. */
export function offlineModels(features: FrozenFeatures): readonly Model[] {
  const stream = new StreamScratch();
  const retrieval = new RetrievalScratch();
  const { popularity, decayed } = features;
  const popular = (index: typeof popularity) => (profile: Profile) =>
    stream.rank(
      { index, sources: [], unwanted: profile.slots, hidden: NOTHING_HIDDEN, k: LIST_LENGTH },
      POPULARITY_ALONE,
    );
  const blend = (weights: BlendWeights) => (profile: Profile) => {
    const sources = newestNeighbours(profile, features);
    return stream.rank(
      { index: decayed, sources, unwanted: profile.slots, hidden: NOTHING_HIDDEN, k: LIST_LENGTH },
      weights,
    );
  };
  const rules = ({ itemIds }: Profile) => {
    const newestFirst = itemIds.slice(-SOURCE_DEPTH).reverse();
    const sources = newestFirst.map((itemId) => features.relatedTo(itemId));
    const input = { index: popularity, sources, unwanted: itemIds, hidden: NOTHING_HIDDEN, k: LIST_LENGTH };
    return rulesV1(input, retrieval, () => 0).list;
  };
  return [
    { name: "popularity", rank: popular(popularity) },
    { name: "decayed_popularity", rank: popular(decayed) },
    { name: "rules-v1", rank: rules },
    { name: "sequential_rules", rank: blend(RULES_ALONE) },
    { name: "stream-v1", rank: blend(STREAM_WEIGHTS) },
  ];
}

/** Neighbours of the newest distinct items, newest first. */
export const newestNeighbours = ({ slots }: Profile, features: FrozenFeatures) =>
  newestItems({ table: features.table, slots, tsMs: new Float64Array(0) }, []).map((itemId) =>
    features.neighboursOf(itemId),
  );
