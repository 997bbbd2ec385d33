/** Ranks deep and makes the slate of what passes; ranks deeper once when too few items are left. */

import type { Clock } from "../core/clock.ts";
import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import type { CatalogCard } from "./catalog-cards.ts";
import { type ExplorationRules, explorationSeed } from "./exploration.ts";
import { type Boost, type Filter, NOBODY, type UserFacts } from "./expression.ts";
import type { Depth, Policy, Ranked } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import { judge, pick, type Row } from "./refine.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import { makeSlate, type Slate } from "./slate.ts";
import { isSpreading, type SpreadRules, spreadOut } from "./spread.ts";

/** As many items of the ranked list are judged at most: each costs an evaluation, and maybe a read of its card. */
const MAX_JUDGED = 2_000;

/** What is left to do for one request after ranking. */
export interface Refinement {
  readonly filter: Filter | null;
  readonly boost: Boost | null;
  readonly spread: SpreadRules;
  /** Null: every place goes to the best item. */
  readonly exploration: { readonly rules: ExplorationRules; readonly seed: string } | null;
}

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
  return pick(list, rowsOf(parts, list, user, cardOf).slice(0, request.k));
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
    const rows = rowsOf(parts, list, user, cardOf);
    const slate = makeSlate({ list, rows, k: request.k, exploration: refinement.exploration, clock });
    const diversityMs = clock.monotonicMs() - startedMs - slate.explorationMs;
    return { ...slate, rankingMs: ranked.rankingMs, diversityMs };
  });
}

type CardOf = (itemId: string) => CatalogCard | undefined;
const NO_CARDS: CardOf = () => undefined;

const needsCards = ({ filter, boost, spread }: Refinement): boolean =>
  filter !== null || boost !== null || isSpreading(spread);

function cardsOf({ state, reads, refinement }: RefinedParts, { itemIds }: RankedList): MaybePromise<CardOf> {
  if (!needsCards(refinement)) return NO_CARDS;
  const { cards } = state;
  const missing = itemIds.filter((itemId) => cards.get(itemId) === null);
  return chain(reads.values(cards.outside, missing, "database_query"), (read) => {
    const outside = new Map(missing.map((itemId, place) => [itemId, read[place]]));
    return (itemId: string) => cards.get(itemId) ?? outside.get(itemId);
  });
}

/** The slate without exploration, and behind it what may be drawn instead. */
function rowsOf(
  { refinement, request, clock, reads }: RefinedParts,
  list: RankedList,
  user: UserFacts | null,
  cardOf: CardOf,
): readonly Row[] {
  const { filter, boost, spread, exploration } = refinement;
  const { k } = request;
  const extra = exploration?.rules.poolSize ?? 0;
  if (!needsCards(refinement)) {
    return Array.from({ length: Math.min(list.itemIds.length, k + extra) }, (_, place) => ({
      place,
      factor: 1,
    }));
  }
  const candidates = judge({ list, filter, boost, cardOf, user, hasTime: () => reads.hasTime() });
  if (!isSpreading(spread)) return candidates.slice(0, k + extra);
  return spreadOut(candidates, spread, { k, extra, nowMs: clock.nowMs() });
}

const best = (list: RankedList): RankedList => ({ ...list, itemIds: list.itemIds.slice(0, MAX_JUDGED) });
