/** The catalogue's newest items, followed as cards come and change: what nobody could have taken yet. */

import type { ItemFacts } from "./expression.ts";

export interface Dated {
  readonly itemId: string;
  /** ISO 8601 in UTC. */
  readonly publishedAt: string;
}

/** Twice as many are held as are told, so that changed cards leave no gap. */
const TOLD = 200;
const HELD = 2 * TOLD;

export class NewestItems {
  /** The newest first; items of one moment by id. */
  #items: Dated[] = [];
  readonly #ids = new Set<string>();

  /** The card of `item_id` is now this one. */
  note({ item_id: itemId, published_at: publishedAt }: ItemFacts): void {
    if (this.#ids.delete(itemId)) this.#items = this.#items.filter((item) => item.itemId !== itemId);
    if (publishedAt === null) return;
    const item = { itemId, publishedAt };
    const oldest = this.#items.at(-1);
    if (this.#items.length === HELD && oldest && !isNewer(item, oldest)) return;
    const place = this.#items.findIndex((other) => isNewer(item, other));
    this.#items.splice(place < 0 ? this.#items.length : place, 0, item);
    this.#ids.add(itemId);
    if (this.#items.length > HELD) this.#ids.delete(this.#items.pop()?.itemId ?? "");
  }

  /** Items with when they were published, the newest first; at most 200. */
  dated(): readonly Dated[] {
    return this.#items.slice(0, TOLD);
  }

  /** Ids of items published at `after` or later, the newest first; at most 200. */
  since(after: string): string[] {
    const end = this.#items.findIndex(({ publishedAt }) => publishedAt < after);
    const count = Math.min(end < 0 ? this.#items.length : end, TOLD);
    return this.#items.slice(0, count).map(({ itemId }) => itemId);
  }
}

const isNewer = (item: Dated, other: Dated): boolean =>
  item.publishedAt > other.publishedAt ||
  (item.publishedAt === other.publishedAt && item.itemId < other.itemId);
