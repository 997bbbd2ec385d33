/**
 * Answers recommendation requests, whatever the store does.
 *
 * The ladder: the full policy; the same policy over what is in memory (`<cause>:reduced`); the popular list, which
 * after a restart is the last snapshot (`<cause>:popular`); an empty list (`<cause>:empty`).
 */

import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { attempt, chain, type MaybePromise } from "../core/maybe-promise.ts";
import { rulesPolicy, successorsPolicy } from "./baseline-policy.ts";
import { answerPage, noPage } from "./next-page.ts";
import type { Policy, PolicyLabel, Ranked } from "./policy.ts";
import type { ServingObserver } from "./ports.ts";
import type { DegradeCause, Endpoint, RecoAnswer, Recommender, RecoRequest } from "./recommender.ts";
import { popularRefined, type Refined, rankRefined, refinementOf } from "./refined.ts";
import { RequestReads } from "./request-reads.ts";
import { isInRollout } from "./rollout.ts";
import type { ServingState } from "./serving-state.ts";
import { type ShadowComparison, withoutKeptLists } from "./shadow-comparison.ts";
import { streamPolicy } from "./stream-policy.ts";
import { type ServedRun, trainedPolicy } from "./trained-policy.ts";
import { viewersOf } from "./viewer.ts";

export interface RecommenderOptions {
  readonly state: ServingState;
  readonly clock: Clock;
  readonly observer: ServingObserver;
  /** Null: a shadow is compared with nothing. */
  readonly comparison: ShadowComparison | null;
}

/** Trained runs to answer by. */
export interface InstalledModels {
  /** Null: the built-in policy. */
  readonly primary: { readonly slot: string; readonly run: ServedRun } | null;
  /** Answers a share of the users, always the same ones. */
  readonly shadow: { readonly rollout: number; readonly run: ServedRun } | null;
}

export interface InstallableRecommender extends Recommender {
  /** From now on answers go by these; each answer goes by one of them as a whole. */
  install(models: InstalledModels): void;
}

interface Shadow {
  readonly runId: string;
  readonly rollout: number;
  readonly policy: Policy;
}

export function createRecommender(options: RecommenderOptions): InstallableRecommender {
  const { state, clock, comparison } = options;
  const builtInOver = (over: ServingState) =>
    over.policy === "rules-v1" ? rulesPolicy(over, clock) : streamPolicy(over, clock);
  const builtIn = builtInOver(state);
  const recommend = successorsPolicy(state);
  const trained = (slot: string, variant: PolicyLabel["variant"], run: ServedRun, over = state) =>
    trainedPolicy(over, clock, run, { name: `${slot}:${run.model.runId}`, variant });
  let primary: Policy = builtIn;
  let shadow: Shadow | null = null;
  const policyFor = (userId: string): Policy =>
    shadow !== null && isInRollout(shadow.runId, userId, shadow.rollout) ? shadow.policy : primary;
  const comparedPair = (serving: InstalledModels["primary"], beside: ServedRun) => {
    const apart = withoutKeptLists(state, clock);
    return {
      primary: serving ? trained(serving.slot, "primary", serving.run, apart) : builtInOver(apart),
      shadow: trained("shadow", "shadow", beside, apart),
    };
  };
  return {
    reco(request, deadline, endpoint = "reco") {
      const policy = policyFor(request.userId);
      if (shadow !== null && policy === primary) comparison?.offer(request);
      const placed = policy.surfaces?.get(request.surface ?? "") ?? policy;
      return answer(options, placed, request, deadline, endpoint);
    },
    nextPage: (page, request, deadline) =>
      page === null ? noPage(policyFor(request.userId), null) : answerPage(options, page, request, deadline),
    recommend: (request, deadline) => answer(options, recommend, request, deadline, "recommend"),
    mayShow: (viewer, itemIds) => !state.visibility.hides(viewersOf(viewer), itemIds),
    async titles(itemIds, deadline) {
      const reads = new RequestReads(deadline, () => {}); // A missing title degrades nothing that is counted.
      const titles = await reads.values(state.titles, itemIds, "feature_fetch");
      return new Map(itemIds.map((itemId, place) => [itemId, titles[place] ?? null]));
    },
    install(models) {
      primary = models.primary ? trained(models.primary.slot, "primary", models.primary.run) : builtIn;
      shadow = models.shadow && {
        runId: models.shadow.run.model.runId,
        rollout: models.shadow.rollout,
        policy: trained("shadow", "shadow", models.shadow.run),
      };
      comparison?.begin(models.shadow && comparedPair(models.primary, models.shadow.run));
      // Kept lists are those of the policies before.
      state.rankedLists.clear();
    },
  };
}

/** Steps down the ladder. At once, where everything is in memory. */
function answer(
  { state, clock, observer }: RecommenderOptions,
  policy: Policy,
  request: RecoRequest,
  deadline: Deadline,
  endpoint: Endpoint,
): MaybePromise<RecoAnswer> {
  const reads = new RequestReads(deadline, (operation) => observer.late(endpoint, operation));
  const { modelVersion, strategy, label } = policy;
  const startedMs = clock.monotonicMs();
  const refinement = refinementOf(policy, request);
  const refined = refinement && { policy, state, clock, request, refinement, reads };
  const popular = (cause: DegradeCause): RecoAnswer => {
    const list = refined === null ? policy.popular(request, "slate") : popularRefined(refined);
    const source = list.itemIds.length > 0 ? "popular" : "empty";
    return {
      list,
      label,
      modelVersion,
      strategy: `fallback:${source}`,
      degraded: `${cause}:${source}`,
      exploration: null,
      page: null,
      timingsMs: { retrieval: 0, ranking: 0, diversity: 0, exploration: 0 },
    };
  };
  const full = (ranked: (Ranked & Partial<Refined>) | null): RecoAnswer => {
    if (ranked === null) return popular(reads.cause ?? "empty");
    const { list, rankingMs, exploration = null, page = null, diversityMs = 0, explorationMs = 0 } = ranked;
    const retrieval = clock.monotonicMs() - startedMs - rankingMs - diversityMs - explorationMs;
    const timingsMs = { retrieval, ranking: rankingMs, diversity: diversityMs, exploration: explorationMs };
    return {
      list,
      label,
      modelVersion,
      strategy,
      degraded: reads.cause && `${reads.cause}:reduced`,
      exploration,
      page,
      timingsMs,
    };
  };
  return attempt(
    () => {
      if (request.isLate) return popular("timeout");
      return chain(refined === null ? policy.rank(request, reads, "slate") : rankRefined(refined), full);
    },
    (error) => {
      observer.failed("answer", asError(error));
      return popular("error");
    },
  );
}
