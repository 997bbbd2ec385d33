/** Ranks deep, refines, and ranks deeper once when too few items are left. */

import type { Clock } from "../core/clock.ts";
import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import type { CatalogCard } from "./catalog-cards.ts";
import { NOBODY, type UserFacts } from "./expression.ts";
import type { Depth, Policy, Ranked } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import { NO_SPREAD, type Refinement, refine } from "./refine.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";

/** As many items of the ranked list are judged at most: each costs an evaluation, and maybe a read of its card. */
const MAX_JUDGED = 2_000;

/** What is left to do for this request after ranking; null when a ranked list is a slate as it is. */
export function refinementOf(
  policy: Policy,
  { filter = null, boost = null }: RecoRequest,
): Refinement | null {
  // The baseline is the plain reference: it filters, and boosts nothing.
  const given = policy.boosts ? boost : null;
  if (filter === null && given === null) return null;
  return { filter, boost: given, spread: NO_SPREAD };
}

export interface RefinedParts {
  readonly policy: Policy;
  readonly state: ServingState;
  readonly clock: Clock;
  readonly request: RecoRequest;
  readonly refinement: Refinement;
  readonly reads: RequestReads;
}

export function rankRefined(parts: RefinedParts): MaybePromise<Ranked | null> {
  const { policy, request, reads } = parts;
  return chain(userFacts(parts), (user) => {
    const at = (depth: Depth) =>
      chain(policy.rank(request, reads, depth), (ranked) => ranked && refineRanked(parts, ranked, user));
    return chain(at("candidates"), (first) => {
      if (first === null || first.list.itemIds.length >= request.k || !reads.hasTime()) return first;
      return at("wide");
    });
  });
}

/** The popular list under the same rules, from what is in memory. */
export function popularRefined(parts: RefinedParts): RankedList {
  const { policy, state, request } = parts;
  const attributes = state.userAttributes.stale(request.userId);
  const user = attributes ? { attributes } : null;
  const cardOf = (itemId: string) => state.cards.get(itemId) ?? state.cards.outside.stale(itemId);
  return refineList(parts, best(policy.popular(request, "wide")), user, cardOf);
}

function userFacts({ state, request, refinement, reads }: RefinedParts): MaybePromise<UserFacts | null> {
  const { filter, boost } = refinement;
  if (!filter?.asksUser && !boost?.asksUser) return NOBODY;
  return chain(reads.values(state.userAttributes, [request.userId], "feature_fetch"), ([attributes]) =>
    attributes ? { attributes } : null,
  );
}

function refineRanked(parts: RefinedParts, ranked: Ranked, user: UserFacts | null): MaybePromise<Ranked> {
  const list = best(ranked.list);
  const { cards } = parts.state;
  const missing = list.itemIds.filter((itemId) => cards.get(itemId) === null);
  return chain(parts.reads.values(cards.outside, missing, "database_query"), (read) => {
    const startedMs = parts.clock.monotonicMs();
    const outside = new Map(missing.map((itemId, place) => [itemId, read[place]]));
    const refined = refineList(parts, list, user, (itemId) => cards.get(itemId) ?? outside.get(itemId));
    return { list: refined, rankingMs: ranked.rankingMs + parts.clock.monotonicMs() - startedMs };
  });
}

function refineList(
  { refinement, request, clock, reads }: RefinedParts,
  list: RankedList,
  user: UserFacts | null,
  cardOf: (itemId: string) => CatalogCard | undefined,
): RankedList {
  return refine({
    list,
    refinement,
    cardOf,
    user,
    k: request.k,
    nowMs: clock.nowMs(),
    hasTime: () => reads.hasTime(),
  });
}

const best = (list: RankedList): RankedList => ({ ...list, itemIds: list.itemIds.slice(0, MAX_JUDGED) });
