/** EASE, item-kNN and content: sums the lists of the profile's items, newer ones counting more. */

import type { ItemLists } from "../item-lists.ts";
import type { ListSource } from "../trained-model.ts";
import type { Source } from "./source.ts";

/** What is below this share of the largest single score is left out: it decides no rank that anybody sees. */
const LEAST_SHARE = 0.02;

/** s(y) = sum over the newest 50 interactions of the j-th one's factor * weight of y in the list of its item. */
export function itemListSource(name: ListSource): Source {
  let heads: Heads | null = null;
  return {
    name,
    score({ placed: { model, numbers, slots }, recent }, into) {
      const lists = model.lists[name];
      if (lists === undefined) return;
      if (heads?.lists !== lists) heads = headsOf(lists);
      const { starts, items, weights } = lists;
      const { slots: taken, factors } = recent;
      let most = 0;
      for (let place = 0; place < factors.length; place++) {
        const number = numbers[taken[place] as number] ?? -1;
        if (number < 0) continue;
        most = Math.max(most, (factors[place] as number) * (heads.weights[number] as number));
      }
      const least = LEAST_SHARE * most;
      for (let place = 0; place < factors.length; place++) {
        const number = numbers[taken[place] as number] ?? -1;
        // A list whose largest weight says too little is not touched: it would be fetched from afar for nothing.
        if (number < 0 || (factors[place] as number) * (heads.weights[number] as number) < least) continue;
        const from = starts[number] as number;
        const end = starts[number + 1] as number;
        into.addEntries(items, weights, from, end, factors[place] as number, least, slots);
      }
    },
  };
}

/** The largest weight of each list, 0 of an empty one: close together, where the lists themselves are far apart. */
interface Heads {
  readonly lists: ItemLists;
  readonly weights: Float32Array;
}

function headsOf(lists: ItemLists): Heads {
  const { starts, weights } = lists;
  const largest = new Float32Array(starts.length - 1);
  for (let item = 0; item < largest.length; item++) {
    const from = starts[item] as number;
    if (from < (starts[item + 1] as number)) largest[item] = weights[from] as number;
  }
  return { lists, weights: largest };
}
