/** Ranks deep and makes the slate of what passes; ranks deeper once when too few items are left. */

import type { Clock } from "../core/clock.ts";
import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import { explorationSeed } from "./exploration.ts";
import { NOBODY, type UserFacts } from "./expression.ts";
import type { Depth, Policy, Ranked } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import { pick, type Row } from "./refine.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import { makeSlate, type Slate } from "./slate.ts";
import { type CardOf, needsCards, type Refinement, rowsOf } from "./slate-rows.ts";
import { refinedBasis } from "./slates/refined-basis.ts";
import { isSpreading } from "./spread.ts";

/** As many items of the ranked list are judged at most: each costs an evaluation, and maybe a read of its card. */
const MAX_JUDGED = 2_000;

/** Null when a ranked list is a slate as it is. */
export function refinementOf(policy: Policy, request: RecoRequest): Refinement | null {
  const { filter = null, explorationId = null } = request;
  const { spread, exploration: rules } = policy.rules;
  // The baseline is the plain reference: it filters, and boosts nothing.
  const boost = policy.boosts ? (request.boost ?? null) : null;
  const isExploring = explorationId !== null && rules.epsilon > 0;
  if (filter === null && boost === null && !isExploring && !isSpreading(spread)) return null;
  const exploration = isExploring
    ? { rules, seed: explorationSeed(explorationId, request.userId, policy.modelVersion) }
    : null;
  return { filter, boost, spread, exploration };
}

export interface RefinedParts {
  readonly policy: Policy;
  readonly state: ServingState;
  readonly clock: Clock;
  readonly request: RecoRequest;
  readonly refinement: Refinement;
  readonly reads: RequestReads;
}

export type Refined = Slate & Pick<Ranked, "rankingMs">;

export function rankRefined(parts: RefinedParts): MaybePromise<Refined | null> {
  const { policy, request, reads, refinement } = parts;
  return chain(userFacts(parts), (user) => {
    const at = (depth: Depth) =>
      chain(policy.rank(request, reads, depth), (ranked) => ranked && refineRanked(parts, ranked, user));
    return chain(at("candidates"), (first) => {
      const isEnough = first === null || first.list.itemIds.length >= request.k;
      return isEnough || !needsCards(refinement) || !reads.hasTime() ? first : at("wide");
    });
  });
}

/** The popular list under the same rules, from what is in memory; it explores nothing. */
export function popularRefined(parts: RefinedParts): RankedList {
  const { policy, state, request } = parts;
  const attributes = state.userAttributes.stale(request.userId);
  const user = attributes ? { attributes } : null;
  const cardOf = (itemId: string) => state.cards.get(itemId) ?? state.cards.outside.stale(itemId);
  const list = best(policy.popular(request, "wide"));
  const { rows, basis } = judged(parts, list, user, cardOf, { ...parts.refinement, exploration: null });
  return { ...pick(list, rows.slice(0, request.k)), ...basis };
}

function userFacts({ state, request, refinement, reads }: RefinedParts): MaybePromise<UserFacts | null> {
  const { filter, boost } = refinement;
  if (!filter?.asksUser && !boost?.asksUser) return NOBODY;
  return chain(reads.values(state.userAttributes, [request.userId], "feature_fetch"), ([attributes]) =>
    attributes ? { attributes } : null,
  );
}

function refineRanked(parts: RefinedParts, ranked: Ranked, user: UserFacts | null): MaybePromise<Refined> {
  const list = best(ranked.list);
  return chain(cardsOf(parts, list), (cardOf) => {
    const { clock, refinement, request } = parts;
    const startedMs = clock.monotonicMs();
    const { rows, basis } = judged(parts, list, user, cardOf, refinement);
    const slate = makeSlate({ list, rows, k: request.k, exploration: refinement.exploration, clock });
    const diversityMs = clock.monotonicMs() - startedMs - slate.explorationMs;
    return { ...slate, list: { ...slate.list, ...basis }, rankingMs: ranked.rankingMs, diversityMs };
  });
}

/** The rows, and what they were made from where that is to be stored. */
function judged(
  { request: { k, isStored = false }, clock, reads }: RefinedParts,
  list: RankedList,
  user: UserFacts | null,
  cardOf: CardOf,
  refinement: Refinement,
): { readonly rows: readonly Row[]; readonly basis: Pick<RankedList, "basis"> } {
  let judged = list.itemIds.length;
  const hasTime = (count: number) => {
    const isLeft = reads.hasTime();
    if (!isLeft) judged = count;
    return isLeft;
  };
  const nowMs = clock.nowMs();
  const rows = rowsOf({ list, refinement, k, nowMs, cardOf, user, hasTime });
  if (!isStored || !list.basis) return { rows, basis: {} };
  const basis = refinedBasis(list.basis, {
    refinement,
    itemIds: list.itemIds.slice(0, judged),
    cardOf,
    user,
    nowMs,
  });
  return { rows, basis: { basis } };
}

const NO_CARDS: CardOf = () => undefined;

function cardsOf({ state, reads, refinement }: RefinedParts, { itemIds }: RankedList): MaybePromise<CardOf> {
  if (!needsCards(refinement)) return NO_CARDS;
  const { cards } = state;
  const missing = itemIds.filter((itemId) => cards.get(itemId) === null);
  return chain(reads.values(cards.outside, missing, "database_query"), (read) => {
    const outside = new Map(missing.map((itemId, place) => [itemId, read[place]]));
    return (itemId: string) => cards.get(itemId) ?? outside.get(itemId);
  });
}

const best = (list: RankedList): RankedList => ({ ...list, itemIds: list.itemIds.slice(0, MAX_JUDGED) });
