/** EASE, item-kNN and content: sums the lists of the profile's items, newer ones counting more. */

import type { ItemLists } from "../item-lists.ts";
import { PROFILE_LENGTH } from "../trained-input.ts";
import type { ListSource } from "../trained-model.ts";
import type { Source } from "./source.ts";

/** What is below this share of the largest single score is left out: it decides no rank that anybody sees. */
const LEAST_SHARE = 0.02;

/** s(y) = sum over the newest 50 interactions of 2^(-j / half-life) * weight of y in the list of the j-th item. */
export function itemListSource(name: ListSource): Source {
  return {
    name,
    score({ placed: { model, numbers, slots }, recent }, into) {
      const lists = model.lists[name];
      if (lists === undefined) return;
      const { starts, items, weights } = lists;
      const fading = 0.5 ** (1 / model.profileHalfLife);
      const length = Math.min(recent.length, PROFILE_LENGTH);
      const least = LEAST_SHARE * largest(lists, recent, length, numbers, fading);
      let factor = 1;
      for (let place = 0; place < length; place++) {
        const number = numbers[recent[place] as number] ?? -1;
        if (number >= 0) {
          const from = starts[number] as number;
          into.addEntries(items, weights, from, starts[number + 1] as number, factor, least, slots);
        }
        factor *= fading;
      }
    },
  };
}

/** The largest number that any entry adds. */
function largest(
  { starts, weights }: ItemLists,
  recent: ArrayLike<number>,
  length: number,
  numbers: Int32Array,
  fading: number,
): number {
  let factor = 1;
  let most = 0;
  for (let place = 0; place < length; place++) {
    const number = numbers[recent[place] as number] ?? -1;
    const from = starts[number] as number;
    if (number >= 0 && from < (starts[number + 1] as number)) {
      most = Math.max(most, factor * (weights[from] as number));
    }
    factor *= fading;
  }
  return most;
}
