/** What the catalogue says of an item in words, taken apart into terms that items can share. */

export interface ItemText {
  readonly title: string | null;
  readonly category: string | null;
  readonly author: string | null;
  readonly tags: readonly string[];
}

/** Words of the title, and category, author and tags as wholes: each once, told apart by where they stand. */
export const termsOf = (text: ItemText): ReadonlySet<string> =>
  new Set([...wordsOf(text), ...labelsOf(text)]);

export function wordsOf({ title }: ItemText): ReadonlySet<string> {
  const words = new Set<string>();
  for (const word of (title ?? "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    if (word.length > 1) words.add(`title:${word}`);
  }
  return words;
}

export function labelsOf({ category, author, tags }: ItemText): ReadonlySet<string> {
  const labels = new Set<string>();
  if (category) labels.add(`category:${category.toLowerCase()}`);
  if (author) labels.add(`author:${author.toLowerCase()}`);
  for (const tag of tags) labels.add(`tag:${tag.toLowerCase()}`);
  return labels;
}
