/** Adds to the basis of a ranked list what a slate was refined from. */

import type { CatalogCard } from "../catalog-cards.ts";
import { type ItemFacts, NOBODY } from "../expression.ts";
import type { RankedList } from "../ranked-list.ts";
import { needsCards, type Refinement, type RowsInput } from "../slate-rows.ts";
import { Basis, type RefinedFeatures, type SlateFeatures } from "./features.ts";

/** Counts how much of a list is judged before there is no time left. */
export class Judged {
  count: number;
  readonly #hasTime: () => boolean;

  constructor(list: RankedList, hasTime: () => boolean) {
    this.count = list.itemIds.length;
    this.#hasTime = hasTime;
  }

  readonly hasTime = (judged: number): boolean => {
    const isLeft = this.#hasTime();
    if (!isLeft) this.count = judged;
    return isLeft;
  };
}

/** Nothing where nothing is known of the list. */
export function refinedBasis(
  parts: Omit<RowsInput, "k" | "hasTime">,
  judged: number,
): Pick<RankedList, "basis"> {
  const ranked = parts.list.basis;
  if (ranked === undefined) return {};
  const basis = new Basis((): SlateFeatures | null => {
    const features = ranked.describe();
    return features && { ...features, refined: describe(parts, judged) };
  });
  return { basis };
}

function describe(
  { list: { itemIds }, fresh, refinement, cardOf, user, returning, nowMs }: Omit<RowsInput, "k" | "hasTime">,
  judged: number,
): RefinedFeatures {
  const { filter, boost, spread, exploration } = refinement;
  const members = membersOf(refinement);
  const length = itemIds.length - fresh;
  return {
    filter: filter?.text ?? null,
    boost: boost?.text ?? null,
    spread,
    exploration: exploration?.rules ?? null,
    length,
    fresh: itemIds.slice(length),
    judged,
    cards: needsCards(refinement)
      ? itemIds.slice(0, judged).map((itemId, place) => cut(cardOf(itemId, place), members))
      : [],
    user: filter?.asksUser || boost?.asksUser ? user : NOBODY,
    ...(returning && { returning: [...returning] }),
    nowMs,
  };
}

/** Members that any of the rules looks at. */
function membersOf({ filter, boost, spread }: Refinement): readonly (keyof ItemFacts)[] {
  const members = new Set<keyof ItemFacts>([...(filter?.asksItem ?? []), ...(boost?.asksItem ?? [])]);
  if (spread.maxPerAuthor > 0) members.add("author");
  if (spread.maxPerCategory > 0) members.add("category");
  if (spread.freshnessQuota > 0) members.add("published_at");
  if (spread.diversityLambda < 1) members.add("tags");
  members.delete("item_id");
  return [...members];
}

function cut(
  card: CatalogCard | undefined,
  members: readonly (keyof ItemFacts)[],
): Partial<ItemFacts> | null {
  if (card === undefined) return null;
  const own: Record<string, unknown> = {};
  for (const member of members) if (card[member] !== null) own[member] = card[member];
  return own;
}
