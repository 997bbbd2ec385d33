/**
 * Finds which new items are like a given item, by the cosine of TF-IDF vectors over the new items' own words. Immutable.
 *
 * A vector has two parts of fixed shares: what the catalogue says in labels (category, author, tags), and the words of the
 * title. In one vector of both, rare words of titles, which hardly ever meet, would drown the labels.
 */

import type { ItemTerms } from "./item-terms.ts";
import { likestOf } from "./likest.ts";

export interface NewItem {
  readonly itemId: string;
  readonly terms: ItemTerms;
  /** When the catalogue came to know it. */
  readonly createdAtMs: number;
  readonly interactions: number;
}

/** The new items that are most like another item. */
export interface LikeNewItems {
  /** Numbers in the index, at most `LIKEST`: likest first, the newest of those about equally like. */
  readonly entries: Int32Array;
  /** Cosine, above 0 to 1. */
  readonly likeness: Float32Array;
}

/** Share of the labels in the square of a vector's length. */
const LABELS_SHARE = 0.75;
/** Of a term that more new items have, the newest count: it says little, and looking all of them up would cost the most. */
const MAX_POSTINGS = 2_000;
export const NOTHING_LIKE: LikeNewItems = { entries: new Int32Array(0), likeness: new Float32Array(0) };

/** The newest first; of those that came at once the lower id. */
export const byAge = (a: NewItem, b: NewItem) =>
  b.createdAtMs - a.createdAtMs || (a.itemId < b.itemId ? -1 : 1);

export class NewItemIndex {
  /** In order of `byAge`. */
  readonly itemIds: readonly string[];
  readonly #others: NewItemIndex | null;
  readonly #entries = new Map<string, number>();
  /** Of the terms that its items have. */
  readonly #numbers = new Map<number, number>();
  /** By term number: how many items have it, and how much it says. */
  readonly #frequency: number[] = [];
  readonly #rarity: Float64Array;
  /** By term number: where its postings begin; the end follows. */
  readonly #starts: Int32Array;
  readonly #items: Int32Array;
  readonly #weights: Float32Array;
  readonly #cosine: Float32Array;
  readonly #touched: Int32Array;

  /** Items of `others` count where terms are weighed, so that likeness in both can be compared. */
  constructor(items: readonly NewItem[], others: NewItemIndex | null = null) {
    const ordered = items.toSorted(byAge);
    this.itemIds = ordered.map(({ itemId }) => itemId);
    this.#others = others;
    this.#cosine = new Float32Array(ordered.length);
    this.#touched = new Int32Array(ordered.length);
    const numbered = ordered.map(({ itemId, terms }, entry) => {
      this.#entries.set(itemId, entry);
      return { labels: this.#number(terms.labels), words: this.#number(terms.words) };
    });
    this.#rarity = new Float64Array(this.#frequency.length);
    for (const [term, number] of this.#numbers) {
      this.#rarity[number] = this.#rarityOf(term, this.#frequency[number] as number);
    }
    this.#starts = new Int32Array(this.#frequency.length + 1);
    for (let number = 0; number < this.#frequency.length; number++) {
      const kept = Math.min(MAX_POSTINGS, this.#frequency[number] as number);
      this.#starts[number + 1] = (this.#starts[number] as number) + kept;
    }
    const postings = this.#starts[this.#frequency.length] as number;
    this.#items = new Int32Array(postings);
    this.#weights = new Float32Array(postings);
    const next = this.#starts.slice();
    for (let entry = 0; entry < numbered.length; entry++) {
      const { labels, words } = numbered[entry] as ItemTerms;
      const isWhole = labels.length > 0 && words.length > 0;
      this.#post(entry, labels, isWhole ? LABELS_SHARE : 1, next);
      this.#post(entry, words, isWhole ? 1 - LABELS_SHARE : 1, next);
    }
  }

  get size(): number {
    return this.itemIds.length;
  }

  /** -1 for an item that is not in it. */
  entryOf(itemId: string): number {
    return this.#entries.get(itemId) ?? -1;
  }

  likeTo({ labels, words }: ItemTerms): LikeNewItems {
    const isWhole = labels.length > 0 && words.length > 0;
    let count = this.#addUp(labels, isWhole ? LABELS_SHARE : 1, 0);
    count = this.#addUp(words, isWhole ? 1 - LABELS_SHARE : 1, count);
    if (count === 0) return NOTHING_LIKE;
    const cosine = this.#cosine;
    const entries = likestOf(cosine, this.#touched, count);
    const likeness = Float32Array.from(entries, (entry) => Math.min(1, cosine[entry] as number));
    for (let place = 0; place < count; place++) cosine[this.#touched[place] as number] = 0;
    return { entries, likeness };
  }

  /** The numbers of these terms, which an item has. */
  #number(terms: Int32Array): Int32Array {
    return terms.map((term) => {
      let number = this.#numbers.get(term);
      if (number === undefined) {
        number = this.#frequency.length;
        this.#numbers.set(term, number);
        this.#frequency.push(0);
      }
      this.#frequency[number] = (this.#frequency[number] as number) + 1;
      return number;
    });
  }

  /** Puts a part of an item's vector, whose square is to be `share`, into the postings. */
  #post(entry: number, numbers: Int32Array, share: number, next: Int32Array): void {
    let square = 0;
    for (let place = 0; place < numbers.length; place++) {
      square += (this.#rarity[numbers[place] as number] as number) ** 2;
    }
    const factor = Math.sqrt(share / square);
    for (let place = 0; place < numbers.length; place++) {
      const number = numbers[place] as number;
      const at = next[number] as number;
      if (at === this.#starts[number + 1]) continue;
      this.#items[at] = entry;
      this.#weights[at] = factor * (this.#rarity[number] as number);
      next[number] = at + 1;
    }
  }

  /** Adds what items share with a part of another vector to their cosines; how many items share anything by then. */
  #addUp(terms: Int32Array, share: number, from: number): number {
    const cosine = this.#cosine;
    let count = from;
    let square = 0;
    for (const term of terms) square += this.#weightOf(term) ** 2;
    const factor = Math.sqrt(share / square);
    for (const term of terms) {
      const number = this.#numbers.get(term);
      if (number === undefined) continue;
      const weight = factor * (this.#rarity[number] as number);
      const end = this.#starts[number + 1] as number;
      for (let at = this.#starts[number] as number; at < end; at++) {
        const entry = this.#items[at] as number;
        const before = cosine[entry] as number;
        if (before === 0) this.#touched[count++] = entry;
        cosine[entry] = before + weight * (this.#weights[at] as number);
      }
    }
    return count;
  }

  #weightOf(term: number): number {
    const number = this.#numbers.get(term);
    return number === undefined ? this.#rarityOf(term, 0) : (this.#rarity[number] as number);
  }

  /** ln(1 + new items / new items that have the term); one that none has counts as if one had it. */
  #rarityOf(term: number, frequency: number): number {
    const others = this.#others;
    if (others === null) return Math.log1p(this.size / Math.max(1, frequency));
    const elsewhere = others.#frequency[others.#numbers.get(term) ?? -1] ?? 0;
    return Math.log1p((this.size + others.size) / Math.max(1, frequency + elsewhere));
  }
}
