/** Makes the rows of a slate from a ranked list: serving and replays do it alike. */

import type { CatalogCard } from "./catalog-cards.ts";
import type { ExplorationRules } from "./exploration.ts";
import type { Boost, Filter, UserFacts } from "./expression.ts";
import type { RankedList } from "./ranked-list.ts";
import { judge, type Row } from "./refine.ts";
import { isSpreading, type SpreadRules, spreadOut } from "./spread.ts";

/** What is left to do for one request after ranking. */
export interface Refinement {
  readonly filter: Filter | null;
  readonly boost: Boost | null;
  readonly spread: SpreadRules;
  /** Null: every place goes to the best item. */
  readonly exploration: { readonly rules: ExplorationRules; readonly seed: string } | null;
}

/** Undefined where the catalogue could not be read. */
export type CardOf = (itemId: string) => CatalogCard | undefined;

export interface RowsInput {
  readonly list: RankedList;
  readonly refinement: Refinement;
  readonly k: number;
  readonly nowMs: number;
  readonly cardOf: CardOf;
  /** Null where they could not be read. */
  readonly user: UserFacts | null;
  readonly hasTime: (judged: number) => boolean;
}

export const needsCards = ({ filter, boost, spread }: Refinement): boolean =>
  filter !== null || boost !== null || isSpreading(spread);

/** The slate without exploration, and behind it what may be drawn instead. */
export function rowsOf({ list, refinement, k, nowMs, cardOf, user, hasTime }: RowsInput): readonly Row[] {
  const { filter, boost, spread, exploration } = refinement;
  const extra = exploration?.rules.poolSize ?? 0;
  if (!needsCards(refinement)) {
    return Array.from({ length: Math.min(list.itemIds.length, k + extra) }, (_, place) => ({
      place,
      factor: 1,
    }));
  }
  const candidates = judge({ list, filter, boost, cardOf, user, hasTime });
  if (!isSpreading(spread)) return candidates.slice(0, k + extra);
  return spreadOut(candidates, spread, { k, extra, nowMs });
}
