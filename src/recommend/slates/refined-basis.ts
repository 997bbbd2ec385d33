/** Adds to the basis of a ranked list what a slate was refined from. */

import type { CatalogCard } from "../catalog-cards.ts";
import { type ItemFacts, NOBODY, type UserFacts } from "../expression.ts";
import { type CardOf, needsCards, type Refinement } from "../slate-rows.ts";
import { Basis, type RefinedFeatures, type SlateFeatures } from "./features.ts";

export interface RefinedParts {
  readonly refinement: Refinement;
  /** Of the judged items, in the order of the ranked list. */
  readonly itemIds: readonly string[];
  readonly cardOf: CardOf;
  readonly user: UserFacts | null;
  readonly nowMs: number;
}

export function refinedBasis(ranked: Basis, parts: RefinedParts): Basis {
  return new Basis((): SlateFeatures | null => {
    const features = ranked.describe();
    return features && { ...features, refined: describe(parts) };
  });
}

function describe({ refinement, itemIds, cardOf, user, nowMs }: RefinedParts): RefinedFeatures {
  const { filter, boost, spread, exploration } = refinement;
  const members = membersOf(refinement);
  const cards = needsCards(refinement) ? itemIds.map((itemId) => cut(cardOf(itemId), members)) : [];
  return {
    filter: filter?.text ?? null,
    boost: boost?.text ?? null,
    spread,
    exploration,
    judged: itemIds.length,
    cards,
    user: filter?.asksUser || boost?.asksUser ? user : NOBODY,
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
