/** What the engine needs of a policy. */

import type { MaybePromise } from "../core/maybe-promise.ts";
import type { RankedList } from "./ranked-list.ts";
import type { ModelVersion, RecoRequest } from "./recommender.ts";
import type { RequestReads } from "./request-reads.ts";

export interface Ranked {
  readonly list: RankedList;
  readonly rankingMs: number;
}

export interface Policy {
  readonly endpoint: "reco" | "recommend";
  readonly modelVersion: ModelVersion;
  readonly strategy: string;
  /** The policy's list from what can be read, or from what is in memory; null when there is nothing to go by. */
  rank(request: RecoRequest, reads: RequestReads): MaybePromise<Ranked | null>;
  /** What is popular, from memory alone, without what the user is known to have seen. */
  popular(request: RecoRequest): RankedList;
}
