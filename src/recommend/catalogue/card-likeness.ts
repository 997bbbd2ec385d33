/** How alike two items are by what the catalogue says of them. */

import { priceBucket } from "../card-index.ts";
import type { CatalogCard } from "../catalog-cards.ts";

const TAGS_WEIGHT = 0.4;
const SAME_CATEGORY = 0.3;
const SAME_PRICE_BUCKET = 0.25;

export type LikenessName = "tags" | "category" | "price";
/** What each likeness adds to a score; those that add nothing are left out. */
export type Likeness = readonly (readonly [LikenessName, number])[];

/** Jaccard index of tags * 0.4, same category 0.3, same price bucket 0.25. `tags` are those of `card`. */
export function likeness(card: CatalogCard, tags: ReadonlySet<string>, other: CatalogCard): Likeness {
  const found: [LikenessName, number][] = [];
  const overlap = jaccard(tags, other.tags);
  if (overlap > 0) found.push(["tags", TAGS_WEIGHT * overlap]);
  if (card.category !== null && card.category === other.category) found.push(["category", SAME_CATEGORY]);
  const bucket = priceBucket(card.price);
  if (bucket !== null && bucket === priceBucket(other.price)) found.push(["price", SAME_PRICE_BUCKET]);
  return found;
}

/** Size of the intersection by that of the union; 0 for two empty sets. */
function jaccard(tags: ReadonlySet<string>, others: readonly string[]): number {
  let common = 0;
  for (const tag of others) if (tags.has(tag)) common++;
  const union = tags.size + others.length - common;
  return union === 0 ? 0 : common / union;
}
