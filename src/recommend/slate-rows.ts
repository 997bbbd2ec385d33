/** Makes the rows of a slate from a ranked list: serving and replays do it alike. */

import type { ExplorationRules } from "./exploration.ts";
import type { Boost, Filter, UserFacts } from "./expression.ts";
import type { RankedList } from "./ranked-list.ts";
import { asCandidate, asRanked, type Candidate, type CardOf, judge, type Row } from "./refine.ts";
import type { Returning } from "./returning.ts";
import { isCapping, isSpreading, type SpreadRules, spreadOut, spreadPool } from "./spread.ts";

/** What is left to do for one request after ranking. */
export interface Refinement {
  readonly filter: Filter | null;
  readonly boost: Boost | null;
  readonly spread: SpreadRules;
  /** Null: every place goes to the best item. */
  readonly exploration: { readonly rules: ExplorationRules; readonly seed: string } | null;
}

export interface RowsInput {
  readonly list: RankedList;
  /** So many of its last items are there for being new, whatever their scores. */
  readonly fresh: number;
  readonly refinement: Refinement;
  readonly k: number;
  readonly nowMs: number;
  readonly cardOf: CardOf;
  /** Null where they could not be read. */
  readonly user: UserFacts | null;
  /** What the user took counts by these shares. */
  readonly returning?: Returning;
  readonly hasTime: (judged: number) => boolean;
}

export const needsCards = ({ filter, boost, spread }: Refinement): boolean =>
  filter !== null || boost !== null || isSpreading(spread);

/** Diversity alone compares the items of its pool; of all others it wants to know nothing. */
const comparesPoolAlone = ({
  refinement: { filter, boost, spread },
  returning,
}: Pick<RowsInput, "refinement" | "returning">): boolean =>
  filter === null && boost === null && !returning && !isCapping(spread) && spread.freshnessQuota === 0;

/** Items of which more than their scores is asked. */
export function itemsWithCards(
  input: Pick<RowsInput, "list" | "fresh" | "refinement" | "returning" | "k">,
): readonly string[] {
  const {
    list: { itemIds },
    fresh,
    refinement,
    k,
  } = input;
  if (!needsCards(refinement)) return [];
  if (!comparesPoolAlone(input)) return itemIds;
  const firstFresh = itemIds.length - fresh;
  return [...itemIds.slice(0, Math.min(firstFresh, spreadPool(k))), ...itemIds.slice(firstFresh)];
}

/** The slate without exploration, and behind it what may be drawn instead; and all that passed the filter, by score. */
export function rowsOf(input: RowsInput): { readonly rows: readonly Row[]; readonly passed: readonly Row[] } {
  const { list, fresh, refinement, k, nowMs } = input;
  const { spread, exploration } = refinement;
  const extra = exploration?.rules.poolSize ?? 0;
  const firstFresh = list.itemIds.length - fresh;
  if (!needsCards(refinement) && !input.returning) {
    const passed = asRanked(list);
    return { passed, rows: freshBehind(passed, k, firstFresh).slice(0, k + extra) };
  }
  if (comparesPoolAlone(input)) return spreadPoolAlone(input, extra);
  const passed = judge({ ...input, ...refinement });
  const ordered = freshBehind<Candidate>(passed, k, firstFresh);
  if (!isSpreading(spread)) return { passed, rows: ordered.slice(0, k + extra) };
  return { passed, rows: spreadOut(ordered, spread, { k, extra, nowMs, pool: poolOf(input, ordered) }) };
}

/**
 * Of `ordered`, what a slate is chosen from: a new item, whose score says nothing, has a place by quota or exploration alone, or
 * where there are too few others.
 */
function poolOf<R extends Row>(
  { list, fresh, refinement: { spread }, k }: RowsInput,
  ordered: readonly R[],
): readonly R[] {
  if (spread.freshnessQuota > 0) return ordered;
  const ranked = ordered.filter(({ place }) => place < list.itemIds.length - fresh);
  return ranked.length < k ? ordered : ranked;
}

function spreadPoolAlone(input: RowsInput, extra: number): ReturnType<typeof rowsOf> {
  const { list, fresh, refinement, k, nowMs, cardOf } = input;
  const passed = asRanked(list);
  const ordered = freshBehind(passed, k, list.itemIds.length - fresh);
  const pool = poolOf(input, ordered)
    .slice(0, spreadPool(k))
    .map((row) => asCandidate(list, row, cardOf));
  const slate = spreadOut(pool, refinement.spread, { k, extra: 0, nowMs });
  const chosen = new Set(slate.map(({ place }) => place));
  const others = ordered.filter(({ place }) => !chosen.has(place));
  return { passed, rows: [...slate, ...others.slice(0, k + extra - slate.length)] };
}

/** New items right behind the first `k`, so that they are among those that may be drawn. */
function freshBehind<R extends Row>(rows: readonly R[], k: number, firstFresh: number): readonly R[] {
  const ranked = rows.filter(({ place }) => place < firstFresh);
  if (ranked.length === rows.length) return rows;
  const fresh = rows.filter(({ place }) => place >= firstFresh);
  return [...ranked.slice(0, k), ...fresh, ...ranked.slice(k)];
}
