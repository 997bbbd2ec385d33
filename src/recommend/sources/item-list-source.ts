/** EASE, item-kNN and content: sums the lists of the profile's items, newer ones counting more. */

import { PROFILE_LENGTH } from "../trained-input.ts";
import type { ListSource } from "../trained-model.ts";
import type { Source } from "./source.ts";

/** What fades below this is left out: it changes no rank that anybody sees, and costs as much as the rest. */
const LEAST_FACTOR = 0.01;

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
      let factor = 1;
      for (let place = 0; place < length; place++) {
        const number = numbers[recent[place] as number] ?? -1;
        if (number >= 0) {
          into.addEntries(
            items,
            weights,
            starts[number] as number,
            starts[number + 1] as number,
            factor,
            slots,
          );
        }
        factor *= fading;
        if (factor < LEAST_FACTOR) break;
      }
    },
  };
}
