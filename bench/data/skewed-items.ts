/** Made-up items of a catalogue of which some are taken much more often than others. */

import type { Random } from "../../src/core/random.ts";
import type { ItemLists } from "../../src/recommend/item-lists.ts";

export interface SkewedItems {
  /** Number of an item, skewed to low ones, as views are. */
  anItem(): number;
  /** `count` of them at most: each once. */
  distinct(count: number): number[];
  /** Of each item a list of `length` at most, with small weights more often than large ones. */
  lists(length: number): ItemLists;
}

export function skewedItems(items: number, random: Random): SkewedItems {
  const anItem = () => Math.floor(items * random.next() ** 2);
  const distinct = (count: number) => [...new Set(Array.from({ length: count }, anItem))];
  return {
    anItem,
    distinct,
    lists(length) {
      const starts = new Int32Array(items + 1);
      const listed: number[] = [];
      for (let item = 0; item < items; item++) {
        listed.push(...distinct(length));
        starts[item + 1] = listed.length;
      }
      const weights = Float32Array.from(listed, () => random.next() ** 3 + 1e-6);
      return { starts, items: Int32Array.from(listed), weights };
    },
  };
}
