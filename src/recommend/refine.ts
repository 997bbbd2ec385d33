/** Judges a ranked list by what the caller asks for, and picks from it: filter, then boost. */

import { type CatalogCard, unknownCard } from "./catalog-cards.ts";
import { type Boost, type Filter, NOBODY, type UserFacts } from "./expression.ts";
import type { RankedList } from "./ranked-list.ts";
import type { Returning } from "./returning.ts";

/** Card of the item at a place of the ranked list; undefined where the catalogue could not be read. */
export type CardOf = (itemId: string, place: number) => CatalogCard | undefined;

export interface JudgeInput {
  readonly list: RankedList;
  readonly filter: Filter | null;
  readonly boost: Boost | null;
  /** No filter lets an item pass whose card is undefined. */
  readonly cardOf: CardOf;
  readonly returning?: Returning;
  /** Null where they could not be read: a filter that asks for them lets nothing pass. */
  readonly user: UserFacts | null;
  /** Asked now and then: once it is false the slate is made of what passed until then, of so many judged. */
  readonly hasTime: (judged: number) => boolean;
}

/** One item of a ranked list. */
export interface Row {
  /** In the list. */
  readonly place: number;
  /** What its score is multiplied by: the boost, and what an item that was seen has again of it. */
  readonly factor: number;
}

/** All of a list as it is ranked. */
export const asRanked = ({ itemIds }: RankedList): Row[] => itemIds.map((_, place) => ({ place, factor: 1 }));

export interface Candidate extends Row {
  readonly card: CatalogCard;
  /** The boost included. */
  readonly score: number;
}

/** As it is ranked. */
export function asCandidate(
  { itemIds, scores }: RankedList,
  { place, factor }: Row,
  cardOf: CardOf,
): Candidate {
  const itemId = itemIds[place] as string;
  return {
    place,
    factor,
    card: cardOf(itemId, place) ?? unknownCard(itemId),
    score: scores[place] as number,
  };
}

/** Items judged between two looks at the clock. */
const JUDGED_AT_ONCE = 256;

/** Those that pass the filter, by score with its factor; equal scores keep their order. */
export function judge({
  list,
  filter,
  boost,
  cardOf,
  user: read,
  returning,
  hasTime,
}: JudgeInput): readonly Candidate[] {
  if (read === null && filter?.asksUser) return [];
  const user = read ?? NOBODY;
  const candidates: Candidate[] = [];
  for (const [place, itemId] of list.itemIds.entries()) {
    if (place > 0 && place % JUDGED_AT_ONCE === 0 && !hasTime(place)) break;
    const known = cardOf(itemId, place);
    if (filter && !(known && filter.of(known, user))) continue;
    const card = known ?? unknownCard(itemId);
    const factor = (boost ? boost.of(card, user) : 1) * (returning?.get(itemId) ?? 1);
    candidates.push({ place, card, factor, score: (list.scores[place] as number) * factor });
  }
  return boost || returning ? candidates.sort((a, b) => b.score - a.score) : candidates;
}

/** These rows of the list, with the scores they were chosen by; a boost raises what each source gave alike. */
export function pick({ numbers: _, ...list }: RankedList, rows: readonly Row[]): RankedList {
  const width = list.sources.length;
  const sourceScores = new Float64Array(rows.length * width);
  for (const [at, { place, factor }] of rows.entries()) {
    for (let column = 0; column < width; column++) {
      sourceScores[at * width + column] = (list.sourceScores[place * width + column] as number) * factor;
    }
  }
  return {
    ...list,
    itemIds: rows.map(({ place }) => list.itemIds[place] as string),
    scores: Float64Array.from(rows, ({ place, factor }) => (list.scores[place] as number) * factor),
    sourceScores,
  };
}
