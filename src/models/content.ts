/** Content: items whose titles, categories, authors and tags say the same, by the cosine of their TF-IDF vectors. */

import type { ItemLists } from "../recommend/item-lists.ts";
import { type ItemText, termsOf } from "../recommend/item-text.ts";
import { ItemListsBuilder, LIST_LENGTH } from "./item-lists-builder.ts";

/** A term that more items have tells them apart too little to look them all up. */
const MAX_POSTINGS = 5_000;

interface Vectors {
  /** Per item: terms and weights, of length 1. */
  readonly terms: readonly Int32Array[];
  readonly weights: readonly Float32Array[];
  /** Per term: items, and their weights of it. */
  readonly postings: readonly { readonly items: number[]; readonly weights: number[] }[];
}

/** `texts` by item number; an item without a catalogue row has null. */
export function contentLists(texts: readonly (ItemText | null)[], listLength = LIST_LENGTH): ItemLists {
  const { terms, weights, postings } = vectorsOf(texts);
  const cosine = new Float64Array(texts.length);
  const touched = new Int32Array(texts.length);
  const lists = new ItemListsBuilder(listLength);
  for (let item = 0; item < texts.length; item++) {
    let count = 0;
    const own = terms[item] as Int32Array;
    for (let place = 0; place < own.length; place++) {
      const posting = postings[own[place] as number];
      if (posting === undefined || posting.items.length > MAX_POSTINGS) continue;
      const weight = weights[item]?.[place] as number;
      for (let at = 0; at < posting.items.length; at++) {
        const other = posting.items[at] as number;
        if (cosine[other] === 0) touched[count++] = other;
        cosine[other] = (cosine[other] as number) + weight * (posting.weights[at] as number);
      }
    }
    for (let place = 0; place < count; place++) {
      const other = touched[place] as number;
      if (other !== item) lists.offer(other, cosine[other] as number);
      cosine[other] = 0;
    }
    lists.endList();
  }
  return lists.build();
}

/** Weight of a term = ln(1 + items / items that have it); each vector is scaled to length 1. */
function vectorsOf(texts: readonly (ItemText | null)[]): Vectors {
  const numbers = new Map<string, number>();
  const frequency: number[] = [];
  const terms = texts.map((text) =>
    Int32Array.from(text === null ? [] : termsOf(text), (term) => {
      const number = numbers.get(term) ?? numbers.size;
      numbers.set(term, number);
      frequency[number] = (frequency[number] ?? 0) + 1;
      return number;
    }),
  );
  const postings = frequency.map(() => ({ items: [] as number[], weights: [] as number[] }));
  const weights = terms.map((own, item) => {
    const raw = Float32Array.from(own, (term) => Math.log1p(texts.length / (frequency[term] as number)));
    const length = Math.sqrt(raw.reduce((sum, weight) => sum + weight * weight, 0)) || 1;
    for (let place = 0; place < own.length; place++) {
      const weight = (raw[place] as number) / length;
      raw[place] = weight;
      const posting = postings[own[place] as number];
      posting?.items.push(item);
      posting?.weights.push(weight);
    }
    return raw;
  });
  return { terms, weights, postings };
}
