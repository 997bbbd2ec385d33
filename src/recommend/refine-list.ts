/** Makes a slate of a ranked list as the request and the policy want it. */

import type { Clock } from "../core/clock.ts";
import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import type { CatalogCard } from "./catalog-cards.ts";
import type { ExplorationRules } from "./exploration.ts";
import { type Boost, type Filter, NOBODY, type UserFacts } from "./expression.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import { type Candidate, judge, type Row } from "./refine.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import { makeSlate, type Slate } from "./slate.ts";
import { isSpreading, type SpreadRules, spreadOut } from "./spread.ts";

/** What is left to do for one request after ranking. */
export interface Refinement {
  readonly filter: Filter | null;
  readonly boost: Boost | null;
  readonly spread: SpreadRules;
  /** Null: every place goes to the best item. */
  readonly exploration: { readonly rules: ExplorationRules; readonly seed: string } | null;
  /** All that passes is asked for, and not only what a slate needs. */
  readonly isPaged: boolean;
}

export interface RefineParts {
  readonly state: ServingState;
  readonly clock: Clock;
  readonly request: RecoRequest;
  readonly refinement: Refinement;
  readonly reads: RequestReads;
}

export interface RefinedSlate extends Slate {
  /** What passed, best first; all of it where pages follow. */
  readonly candidates: readonly Row[];
  readonly diversityMs: number;
}

export const needsCards = ({ filter, boost, spread }: Refinement): boolean =>
  filter !== null || boost !== null || isSpreading(spread);

/** `fresh`: so many of the last items are there for being new, whatever their scores. */
export function refineList(
  parts: RefineParts,
  list: RankedList,
  user: UserFacts | null,
  fresh = 0,
): MaybePromise<RefinedSlate> {
  return chain(cardsOf(parts, list), (cardOf) => {
    const { clock, refinement, request } = parts;
    const startedMs = clock.monotonicMs();
    const { candidates, rows } = chooseRows(parts, list, user, cardOf, fresh);
    const slate = makeSlate({ list, rows, k: request.k, exploration: refinement.exploration, clock });
    const diversityMs = clock.monotonicMs() - startedMs - slate.explorationMs;
    return { ...slate, candidates, diversityMs };
  });
}

export function readUserFacts({
  state,
  request,
  refinement,
  reads,
}: RefineParts): MaybePromise<UserFacts | null> {
  const { filter, boost } = refinement;
  if (!filter?.asksUser && !boost?.asksUser) return NOBODY;
  return chain(reads.values(state.userAttributes, [request.userId], "feature_fetch"), ([attributes]) =>
    attributes ? { attributes } : null,
  );
}

export type CardOf = (itemId: string) => CatalogCard | undefined;
const NO_CARDS: CardOf = () => undefined;

function cardsOf({ state, reads, refinement }: RefineParts, { itemIds }: RankedList): MaybePromise<CardOf> {
  if (!needsCards(refinement)) return NO_CARDS;
  const { cards } = state;
  const missing = itemIds.filter((itemId) => cards.get(itemId) === null);
  return chain(reads.values(cards.outside, missing, "database_query"), (read) => {
    const outside = new Map(missing.map((itemId, place) => [itemId, read[place]]));
    return (itemId: string) => cards.get(itemId) ?? outside.get(itemId);
  });
}

interface Chosen {
  /** All that passed, best first. */
  readonly candidates: readonly Row[];
  /** The slate without exploration, and behind it what may be drawn instead. */
  readonly rows: readonly Row[];
}

export function chooseRows(
  { refinement, request, clock, reads }: RefineParts,
  list: RankedList,
  user: UserFacts | null,
  cardOf: CardOf,
  fresh: number,
): Chosen {
  const { filter, boost, spread, exploration } = refinement;
  const { k } = request;
  const extra = exploration?.rules.poolSize ?? 0;
  const firstFresh = list.itemIds.length - fresh;
  if (!needsCards(refinement)) {
    const candidates = list.itemIds.map((_, place) => ({ place, factor: 1 }));
    return { candidates, rows: freshBehind(candidates, k, firstFresh).slice(0, k + extra) };
  }
  const candidates = judge({ list, filter, boost, cardOf, user, hasTime: () => reads.hasTime() });
  const ordered = freshBehind<Candidate>(candidates, k, firstFresh);
  if (!isSpreading(spread)) return { candidates, rows: ordered.slice(0, k + extra) };
  return { candidates, rows: spreadOut(ordered, spread, { k, extra, nowMs: clock.nowMs() }) };
}

/** New items right behind the first `k`, so that they are among those that may be drawn. */
function freshBehind<R extends Row>(rows: readonly R[], k: number, firstFresh: number): readonly R[] {
  const ranked = rows.filter(({ place }) => place < firstFresh);
  if (ranked.length === rows.length) return rows;
  const fresh = rows.filter(({ place }) => place >= firstFresh);
  return [...ranked.slice(0, k), ...fresh, ...ranked.slice(k)];
}
