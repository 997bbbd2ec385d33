/** Finds items that have something in common with one, without looking at the whole catalogue. */

import type { ItemFacts } from "./expression.ts";

const PRICE_EDGES = [100, 500, 1_000, 5_000];
/** Items looked at under one name, the newest first: a tag that everything has tells nothing. */
const PER_TAG = 100;
const PER_CATEGORY = 100;
const PER_BUCKET = 50;
/** Tags looked at, the rarest first. */
const TAGS = 8;

/**
 * Items by tag, category and price bucket. Lists only grow: an entry that is no longer true is found out by whoever looks
 * at the card, and an item that came back stands there twice.
 */
export class CardIndex {
  readonly #ids: string[] = [];
  readonly #lists = new Map<string, number[]>();

  get size(): number {
    return this.#ids.length;
  }

  idAt(number: number): string {
    return this.#ids[number] as string;
  }

  /** Numbers are handed out from 0 on; `before` is what the index knew of the item. */
  put(number: number, card: ItemFacts, before: ItemFacts | undefined): void {
    this.#ids[number] = card.item_id;
    const known = new Set(before ? namesOf(before) : []);
    for (const name of namesOf(card)) {
      if (known.has(name)) continue;
      const list = this.#lists.get(name);
      if (list) list.push(number);
      else this.#lists.set(name, [number]);
    }
  }

  /** Ids of items that may have a tag, the category or the price bucket of `card`; a bounded number. */
  candidates(card: ItemFacts): ReadonlySet<string> {
    const found = new Set<string>();
    const rarest = card.tags
      .map((tag) => this.#lists.get(tagName(tag)) ?? [])
      .sort((a, b) => a.length - b.length)
      .slice(0, TAGS);
    for (const list of rarest) this.#take(list, PER_TAG, found);
    if (card.category !== null) {
      this.#take(this.#lists.get(categoryName(card.category)) ?? [], PER_CATEGORY, found);
    }
    const bucket = priceBucket(card.price);
    if (bucket !== null) this.#take(this.#lists.get(bucketName(bucket)) ?? [], PER_BUCKET, found);
    found.delete(card.item_id);
    return found;
  }

  #take(list: readonly number[], limit: number, found: Set<string>): void {
    const end = Math.max(0, list.length - limit);
    for (let at = list.length - 1; at >= end; at--) found.add(this.idAt(list[at] as number));
  }
}

/** Prices between two edges are alike; null without a price. */
export const priceBucket = (price: number | null): number | null =>
  price === null ? null : PRICE_EDGES.filter((edge) => price >= edge).length;

const tagName = (tag: string) => `t${tag}`;
const categoryName = (category: string) => `c${category}`;
const bucketName = (bucket: number) => `p${bucket}`;

function namesOf({ tags, category, price }: ItemFacts): string[] {
  const bucket = priceBucket(price);
  return [
    ...new Set(tags.map(tagName)),
    ...(category === null ? [] : [categoryName(category)]),
    ...(bucket === null ? [] : [bucketName(bucket)]),
  ];
}
