/** Continues a list that was ranked before: what was not shown yet, by the rules of today. */

import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { attempt, chain, type MaybePromise } from "../core/maybe-promise.ts";
import { isShown, type Page, withShown } from "./paged-list.ts";
import type { Policy } from "./policy.ts";
import type { ServingObserver } from "./ports.ts";
import type { RecoAnswer, RecoRequest } from "./recommender.ts";
import { pick } from "./refine.ts";
import { type RefineParts, readUserFacts, refineList } from "./refine-list.ts";
import { explorationOf, type Refined } from "./refined.ts";
import { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import type { Refinement } from "./slate-rows.ts";
import { withRanks } from "./slates/with-basis.ts";
import { unwantedItems } from "./unwanted.ts";

export interface PageOptions {
  readonly state: ServingState;
  readonly clock: Clock;
  readonly observer: ServingObserver;
}

/** By the policy that made the list, whichever serves now. */
export function answerPage(
  { state, clock, observer }: PageOptions,
  page: Page,
  request: RecoRequest,
  deadline: Deadline,
): MaybePromise<RecoAnswer> {
  const reads = new RequestReads(deadline, (operation) => observer.late("reco", operation));
  const startedMs = clock.monotonicMs();
  const { label, modelVersion, strategy } = page.paged;
  return attempt<RecoAnswer>(
    () =>
      chain(nextPage({ state, clock, request, reads }, page), (next) => {
        const { diversityMs: diversity, explorationMs: exploration } = next;
        const retrieval = clock.monotonicMs() - startedMs - diversity - exploration;
        return {
          list: next.list,
          label,
          modelVersion,
          strategy,
          degraded: reads.cause && `${reads.cause}:reduced`,
          exploration: next.exploration,
          page: next.page,
          timingsMs: { retrieval, ranking: 0, diversity, exploration },
        };
      }),
    (error) => {
      observer.failed("answer", asError(error));
      return noPage(page.paged, page);
    },
  );
}

/** Nothing stands in for a page that cannot be made: what is popular may have been shown on the one before. */
export const noPage = (
  { label, modelVersion }: Pick<Policy, "label" | "modelVersion">,
  page: Page | null,
): RecoAnswer => ({
  list: { itemIds: [], scores: new Float64Array(0), sources: [], sourceScores: new Float64Array(0) },
  label,
  modelVersion,
  strategy: "fallback:empty",
  degraded: "error:empty",
  exploration: null,
  page,
  timingsMs: { retrieval: 0, ranking: 0, diversity: 0, exploration: 0 },
});

/**
 * Caps and quota hold for each page by itself. The boost is in the scores already; the filter is asked again, since
 * items may have changed, and what came to be hidden, seen or excluded is passed over.
 */
function nextPage(parts: Omit<RefineParts, "refinement">, { paged, shown }: Page): MaybePromise<Refined> {
  const { state, request, reads } = parts;
  const { list, rules, modelVersion } = paged;
  const refinement: Refinement = {
    filter: request.filter ?? null,
    boost: null,
    spread: rules.spread,
    exploration: explorationOf(rules, modelVersion, request),
  };
  const whole = { ...parts, refinement };
  return chain(unwantedItems(state, paged, request, reads), (isUnwanted) =>
    chain(readUserFacts(whole), (user) => {
      const places = list.itemIds.flatMap((itemId, place) =>
        isShown(shown, place) || isUnwanted(itemId) ? [] : place,
      );
      const rest = pick(
        list,
        places.map((place) => ({ place, factor: 1 })),
      );
      const left = request.isStored ? withRanks(rest, modelVersion) : rest;
      return chain(refineList(whole, { list: left, user }), (slate) => {
        const taken = slate.rows.map(({ place }) => places[place] as number);
        // Where something could not be read, what did not pass may do so later.
        const isEnd =
          slate.passed.length === taken.length && (reads.cause === null || left.itemIds.length === 0);
        const page = isEnd ? null : { paged, shown: withShown(shown, taken, list.itemIds.length) };
        return { ...slate, rankingMs: 0, page };
      });
    }),
  );
}
