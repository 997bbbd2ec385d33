/** What the engine needs of a policy. */

import type { MaybePromise } from "../core/maybe-promise.ts";
import type { RankedList } from "./ranked-list.ts";
import type { ModelVersion, RecoRequest } from "./recommender.ts";
import type { RequestReads } from "./request-reads.ts";
import type { Returning } from "./returning.ts";
import type { ServingRules } from "./serving-rules.ts";

export interface Ranked {
  readonly list: RankedList;
  readonly rankingMs: number;
  /** Items of the list that the user took; absent where what was seen stays away. */
  readonly returning?: Returning;
  /** Whether the list is what `keep` got before. */
  readonly isKept?: boolean;
  /** Keeps what was made of the list for equal requests, while the profile stays the same; absent where it must not be. */
  readonly keep?: (made: RankedList) => void;
}

/** What a request without wishes of its own makes of candidates. */
export interface Cut {
  /** So many of the best candidates come into question. */
  readonly candidates: number;
  /** So many of them are the slate and what may be drawn for its places. */
  readonly rows: number;
}

/**
 * How much of what a policy finds it answers: a list of the length asked for; all candidates it would choose from for
 * that list; or all of several times as many.
 */
export type Depth = "slate" | "candidates" | "wide";

/** How answers name the policy that made them. */
export interface PolicyLabel {
  /** `builtin:<name>`, `<slot>:<run id>` or `shadow:<run id>`. */
  readonly name: string;
  readonly variant: "primary" | "shadow";
}

export interface Policy {
  readonly label: PolicyLabel;
  readonly modelVersion: ModelVersion;
  readonly strategy: string;
  /** Whether callers' boosts count. */
  readonly boosts: boolean;
  readonly rules: ServingRules;
  /** The same policy where it has other rules, by the name of the surface. */
  readonly surfaces?: ReadonlyMap<string, Policy>;
  /**
   * The policy's list from what can be read, or from what is in memory; null when there is nothing to go by. `cut`, for
   * `candidates` alone: no more are wanted, and what was kept of them may be answered.
   */
  rank(
    request: RecoRequest,
    reads: RequestReads,
    depth: Depth,
    cut?: Cut | null,
  ): MaybePromise<Ranked | null>;
  /** What is popular, from memory alone, without what the user is known to have seen. */
  popular(request: RecoRequest, depth: Depth): RankedList;
}
