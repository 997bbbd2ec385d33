/** The recommender as routes see it. */

import type { Deadline } from "../core/deadline.ts";

export interface RecoRequest {
  readonly userId: string;
  readonly k: number;
  /** Ids that must not be in the answer. */
  readonly exclude: ReadonlySet<string>;
}

export interface RecoSource {
  readonly name: "co_visitation" | "popularity";
  readonly score: number;
}

export interface RecoItem {
  readonly itemId: string;
  readonly score: number;
  readonly sources: readonly RecoSource[];
}

export type DegradeCause = "timeout" | "error" | "empty" | "overload";
export type DegradeSource = "reduced" | "redis" | "popular" | "empty" | "recall";

export interface RecoAnswer {
  readonly items: readonly RecoItem[];
  readonly modelVersion: "rules-v1";
  /** `co_vis_popularity_hybrid`, or `fallback:<source>` for the lower rungs of the ladder. */
  readonly strategy: string;
  /** `<cause>:<source>` when the answer is not the full policy's. */
  readonly degraded: `${DegradeCause}:${DegradeSource}` | null;
  readonly timingsMs: { readonly retrieval: number; readonly ranking: number };
}

export interface Recommender {
  /** Policy `rules-v1` for GET /reco. Never rejects: the fallback ladder ends in an empty list. */
  reco(request: RecoRequest, deadline: Deadline): Promise<RecoAnswer>;
  /** GET /recommend: successors of the newest history item, then popular items. Never rejects. */
  recommend(request: RecoRequest, deadline: Deadline): Promise<RecoAnswer>;
  /** Titles of these items from the catalogue; null where unknown or when the store is late. Never rejects. */
  titles(itemIds: readonly string[], deadline: Deadline): Promise<ReadonlyMap<string, string | null>>;
}
