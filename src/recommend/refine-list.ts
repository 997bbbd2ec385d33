/** Makes a slate of a ranked list as the request and the policy want it. */

import type { Clock } from "../core/clock.ts";
import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import type { CatalogCards } from "./catalog-cards.ts";
import { NOBODY, type UserFacts } from "./expression.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import { type CardOf, pick, type Row } from "./refine.ts";
import type { RequestReads } from "./request-reads.ts";
import type { ServingState } from "./serving-state.ts";
import { makeSlate, type Slate } from "./slate.ts";
import { itemsWithCards, needsCards, type Refinement, type RowsInput, rowsOf } from "./slate-rows.ts";
import { Judged, refinedBasis } from "./slates/refined-basis.ts";

export interface RefineParts {
  readonly state: ServingState;
  readonly clock: Clock;
  readonly request: RecoRequest;
  readonly refinement: Refinement;
  readonly reads: RequestReads;
}

export interface RefinedSlate extends Slate {
  /** All that passed the filter, by score. */
  readonly passed: readonly Row[];
  /** The slate without exploration, and behind it what may be drawn; null where time ran out before all were judged. */
  made(): RankedList | null;
  readonly diversityMs: number;
}

/** The last `fresh` items are there for being new. */
export function refineList(
  parts: RefineParts,
  ranked: Pick<RowsInput, "list" | "returning" | "user"> & { readonly fresh?: number },
): MaybePromise<RefinedSlate> {
  const { clock, refinement, request, reads } = parts;
  const { k } = request;
  const { list, fresh = 0, ...rest } = ranked;
  const input = { ...rest, list, fresh, refinement, k };
  return chain(cardsOf(parts, input), (cardOf) => {
    const startedMs = clock.monotonicMs();
    const record = new Judged(list, () => reads.hasTime());
    const rowsInput = { ...input, nowMs: clock.nowMs(), cardOf };
    const { rows, passed } = rowsOf({ ...rowsInput, hasTime: record.hasTime });
    const whole = request.isStored ? { ...list, ...refinedBasis(rowsInput, record.count) } : list;
    const slate = makeSlate({ list: whole, rows, k, exploration: refinement.exploration, clock });
    const diversityMs = clock.monotonicMs() - startedMs - slate.explorationMs;
    const made = () => (record.count < list.itemIds.length ? null : pick(whole, rows));
    return { ...slate, passed, made, diversityMs };
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

const NO_CARDS: CardOf = () => undefined;

function cardsOf(
  { state: { cards }, reads, refinement }: RefineParts,
  input: Parameters<typeof itemsWithCards>[0],
): MaybePromise<CardOf> {
  if (!needsCards(refinement)) return NO_CARDS;
  if (cards.isWhole) return heldOf(cards, input.list);
  const missing = itemsWithCards(input).filter((itemId) => cards.get(itemId) === null);
  return chain(reads.values(cards.outside, missing, "database_query"), (read) => {
    const outside = new Map(missing.map((itemId, place) => [itemId, read[place]]));
    return (itemId: string) => cards.get(itemId) ?? outside.get(itemId);
  });
}

function heldOf(cards: CatalogCards, { numbers }: RankedList): CardOf {
  const byName = (itemId: string) => cards.get(itemId) ?? undefined;
  if (numbers === undefined) return byName;
  const { slots, table } = numbers;
  const placed = cards.inTable(table);
  return (itemId, place) =>
    (place < slots.length ? placed.at(slots[place] as number) : undefined) ?? byName(itemId);
}
