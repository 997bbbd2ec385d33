/** Chooses the items that are most like another one, the newest of those about equally like. */

import { LIKEST } from "./new-item-scores.ts";

/** Likeness is told apart in so many steps. */
const STEPS = 16;
/** More than an index has items. */
const RANKS_A_STEP = 2 ** 24;

/** The `LIKEST` of the first `count` touched entries: by step of their cosine, then by number, which is by age. */
export function likestOf(cosine: Float32Array, touched: Int32Array, count: number): Int32Array {
  const ranks = new Int32Array(Math.min(LIKEST, count));
  let length = 0;
  for (let place = 0; place < count; place++) {
    const entry = touched[place] as number;
    const rank = (STEPS - stepOf(cosine[entry] as number)) * RANKS_A_STEP + entry;
    if (length === ranks.length && rank > (ranks[length - 1] as number)) continue;
    // Terms show their items by age, so that most come to the end.
    let at = length < ranks.length ? length++ : length - 1;
    for (; at > 0 && (ranks[at - 1] as number) > rank; at--) ranks[at] = ranks[at - 1] as number;
    ranks[at] = rank;
  }
  return ranks.map((rank) => rank % RANKS_A_STEP);
}

/** From 1; a last digit must not decide, so a step ends a little above its value. */
const stepOf = (cosine: number) => Math.min(STEPS, Math.max(1, Math.ceil(cosine * STEPS - 1e-4)));
