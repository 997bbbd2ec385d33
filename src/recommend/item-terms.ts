/** The terms of an item's text as numbers, as many as count: small enough to be kept, and quick to compare. */

import { type ItemText, labelsOf, wordsOf } from "./item-text.ts";

export interface ItemTerms {
  /** Category, author and tags. */
  readonly labels: Int32Array;
  /** Of the title. */
  readonly words: Int32Array;
}

/** So that an item with hundreds of tags costs no more than others. */
const MAX_LABELS = 32;
const MAX_WORDS = 16;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export const itemTerms = (text: ItemText): ItemTerms => ({
  labels: numbered(labelsOf(text), MAX_LABELS),
  words: numbered(wordsOf(text), MAX_WORDS),
});

export const haveSameTerms = (a: ItemTerms, b: ItemTerms): boolean =>
  areEqual(a.labels, b.labels) && areEqual(a.words, b.words);

const areEqual = (a: Int32Array, b: Int32Array) =>
  a.length === b.length && a.every((term, place) => term === b[place]);

const numbered = (terms: ReadonlySet<string>, limit: number) =>
  Int32Array.from([...terms].slice(0, limit), fnv1a);

/** FNV-1a over UTF-16 units. Two terms with one number, which a vocabulary of 100,000 has once, are taken for the same. */
function fnv1a(term: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < term.length; at++) hash = Math.imul(hash ^ term.charCodeAt(at), FNV_PRIME);
  return hash | 0;
}
