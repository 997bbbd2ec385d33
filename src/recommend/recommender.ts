/** The recommender as routes see it. */

import type { Deadline } from "../core/deadline.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Boost, Filter } from "./expression.ts";
import type { Page } from "./paged-list.ts";
import type { PolicyLabel } from "./policy.ts";
import type { ProfileEntry } from "./ports.ts";
import type { RankedList } from "./ranked-list.ts";
import type { Exploration } from "./slate.ts";

export interface RecoRequest {
  readonly userId: string;
  /** Names the guest whose events stand in for those of a user without any; null where a route has no sessions. */
  readonly sessionId: string | null;
  /** Where the answer is shown; a policy may have rules for the place. */
  readonly surface?: string;
  readonly k: number;
  /** Ids that must not be in the answer. */
  readonly exclude: ReadonlySet<string>;
  /** Events of the running session that nobody stored, oldest first: part of the profile for this answer. */
  readonly sessionEvents?: readonly ProfileEntry[];
  readonly filter?: Filter | null;
  readonly boost?: Boost | null;
  /** Whether the answer is to be stored, so that it keeps what it was made from. */
  readonly isStored?: boolean;
  /** Id of the request, where its answer may explore: one id and one state give one slate. */
  readonly explorationId?: string | null;
  /** One of several of a call whose time is over: what is popular is the answer. */
  readonly isLate?: boolean;
  /** The answer is to say where its list goes on. */
  readonly isPaged?: boolean;
}

export type BuiltinVersion = "rules-v1" | "stream-v1";
/** `<strategy>-<run id>`. */
export type TrainedVersion = `${string}-${string}_${string}`;
export type ModelVersion = BuiltinVersion | TrainedVersion;
export type DegradeCause = "timeout" | "error" | "empty" | "overload";
export type DegradeSource = "reduced" | "redis" | "popular" | "empty" | "recall";

export interface Timings {
  readonly retrieval: number;
  readonly ranking: number;
  /** Of filter, boost, caps, quota and diversity. */
  readonly diversity: number;
  readonly exploration: number;
}

export interface RecoAnswer {
  readonly list: RankedList;
  /** Of the policy, one object for all its answers. */
  readonly label: PolicyLabel;
  readonly modelVersion: ModelVersion;
  /** Of the policy, or `fallback:<source>` for the lower rungs of the ladder. */
  readonly strategy: string;
  /** `<cause>:<source>` when the answer is not the full policy's. */
  readonly degraded: `${DegradeCause}:${DegradeSource}` | null;
  /** Null where nothing was explored: every propensity is 1. */
  readonly exploration: Exploration | null;
  /** Where the list goes on; null at its end, and where nobody asked. */
  readonly page: Page | null;
  readonly timingsMs: Timings;
}

/** How routes are named in metrics. */
export type Endpoint = "reco" | "recommend" | "similar" | "detail" | "trending";

export interface Recommender {
  /**
   * The policy's list for GET /reco, or for another `endpoint` that is counted by its own name. Never throws or rejects:
   * the fallback ladder ends in an empty list.
   */
  reco(request: RecoRequest, deadline: Deadline, endpoint?: Endpoint): MaybePromise<RecoAnswer>;
  /**
   * What `page` has not shown yet, for the same user; null: the list could not be read. Never throws or rejects: where
   * it fails the answer is empty, as anything else would be another list.
   */
  nextPage(page: Page | null, request: RecoRequest, deadline: Deadline): MaybePromise<RecoAnswer>;
  /** GET /recommend: successors of the newest history item, then popular items. Never throws or rejects. */
  recommend(request: RecoRequest, deadline: Deadline): MaybePromise<RecoAnswer>;
  /** Whether none of these items is hidden from the user or the session's guest, as last known. */
  mayShow(viewer: Pick<RecoRequest, "userId" | "sessionId">, itemIds: readonly string[]): boolean;
  /** Titles of these items from the catalogue; null where unknown or when the store is late. Never rejects. */
  titles(itemIds: readonly string[], deadline: Deadline): Promise<ReadonlyMap<string, string | null>>;
}
