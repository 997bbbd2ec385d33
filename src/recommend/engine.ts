/**
 * Answers recommendation requests, whatever the store does.
 *
 * The ladder: the full policy; the same policy over what is in memory (`<cause>:reduced`); the popular list, which
 * after a restart is the last snapshot (`<cause>:popular`); an empty list (`<cause>:empty`).
 */

import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { mergeHistory } from "./overlay.ts";
import type { ServingObserver } from "./ports.ts";
import type { DegradeCause, RecoAnswer, RecoItem, Recommender, RecoRequest } from "./recommender.ts";
import { inTable } from "./related-list.ts";
import { RequestReads } from "./request-reads.ts";
import { RetrievalScratch, SOURCE_DEPTH } from "./retrieval.ts";
import { type RulesInput, type RulesOutput, rulesV1 } from "./rules-v1.ts";
import type { ServingState } from "./serving-state.ts";
import { HISTORY_LIMIT } from "./store-loaders.ts";
import { successors } from "./successors.ts";

const MODEL_VERSION = "rules-v1";
const STRATEGY = "co_vis_popularity_hybrid";

export interface RecommenderOptions {
  readonly state: ServingState;
  readonly clock: Clock;
  readonly observer: ServingObserver;
}

interface Policy {
  readonly endpoint: "reco" | "recommend";
  /** Newest history items whose related lists it reads. */
  readonly depth: number;
  readonly list: (input: RulesInput) => RulesOutput;
}

export function createRecommender(options: RecommenderOptions): Recommender {
  const { state, clock } = options;
  const scratch = new RetrievalScratch();
  const nowMs = () => clock.monotonicMs();
  const reco: Policy = {
    endpoint: "reco",
    depth: SOURCE_DEPTH,
    list: (input) => rulesV1(input, scratch, nowMs),
  };
  const recommend: Policy = {
    endpoint: "recommend",
    depth: 1,
    list: (input) => ({ items: successors(input), rankingMs: 0 }),
  };
  return {
    reco: (request, deadline) => answer(options, reco, request, deadline),
    recommend: (request, deadline) => answer(options, recommend, request, deadline),
    async titles(itemIds, deadline) {
      const reads = new RequestReads(deadline, () => {}); // A missing title degrades nothing that is counted.
      const titles = await reads.values(state.titles, itemIds, "feature_fetch");
      return new Map(itemIds.map((itemId, place) => [itemId, titles[place] ?? null]));
    },
  };
}

/** Steps down the ladder. */
async function answer(
  options: RecommenderOptions,
  policy: Policy,
  request: RecoRequest,
  deadline: Deadline,
): Promise<RecoAnswer> {
  const { state, observer } = options;
  const reads = new RequestReads(deadline, (operation) => observer.late(policy.endpoint, operation));
  let cause: DegradeCause = "empty";
  try {
    const answered = await fromPolicy(options, policy, request, reads);
    if (answered) return answered;
    cause = reads.cause ?? cause;
  } catch (error) {
    cause = "error";
    observer.failed("answer", asError(error));
  }
  const items = popular(state, request);
  const source = items.length > 0 ? "popular" : "empty";
  return {
    items,
    modelVersion: MODEL_VERSION,
    strategy: `fallback:${source}`,
    degraded: `${cause}:${source}`,
    timingsMs: { retrieval: 0, ranking: 0 },
  };
}

/** The policy's list over everything, or over what is in memory; null when there is nothing to go by. */
async function fromPolicy(
  { state, clock }: RecommenderOptions,
  policy: Policy,
  request: RecoRequest,
  reads: RequestReads,
): Promise<RecoAnswer | null> {
  const startedMs = clock.monotonicMs();
  const stored = await reads.values(state.histories, [request.userId], "feature_fetch");
  const history = mergeHistory(stored[0] ?? [], state.overlay.entries(request.userId), HISTORY_LIMIT);
  const newestFirst = history
    .slice(-policy.depth)
    .map((entry) => entry.itemId)
    .reverse();
  const related = await reads.values(state.related, newestFirst, "database_query");
  if (!state.popularity.isLoaded) await reads.within("database_query", () => state.popularity.loaded());
  if (!state.popularity.isLoaded) return null;
  const index = state.popularity.current();
  const sources = related.map((list) => (list ? inTable(list, index.table) : null));
  if (index.size === 0 && sources.every((list) => !list || list.slots.length === 0)) return null;
  const unwanted = [...history.map((entry) => entry.itemId), ...request.exclude];
  const { items, rankingMs } = policy.list({ index, sources, unwanted, k: request.k });
  return {
    items,
    modelVersion: MODEL_VERSION,
    strategy: STRATEGY,
    degraded: reads.cause && `${reads.cause}:reduced`,
    timingsMs: { retrieval: clock.monotonicMs() - startedMs - rankingMs, ranking: rankingMs },
  };
}

/** The popular list in memory, without what the user is known to have seen. */
function popular({ popularity, histories, overlay }: ServingState, request: RecoRequest): RecoItem[] {
  const stored = histories.stale(request.userId) ?? [];
  const history = mergeHistory(stored, overlay.entries(request.userId), HISTORY_LIMIT);
  const unwanted = [...history.map((entry) => entry.itemId), ...request.exclude];
  return successors({ index: popularity.current(), sources: [], unwanted, k: request.k });
}
