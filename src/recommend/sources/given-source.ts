/** Scores that the worker has at hand, whoever asks: what trends, and what is new. */

import type { GivenSource } from "../trained-input.ts";
import type { Source } from "./source.ts";

export const givenSource = (name: GivenSource): Source => ({
  name,
  score({ given }, into) {
    const scored = given?.[name];
    if (scored === undefined) return;
    const { slots, scores } = scored;
    for (let place = 0; place < slots.length; place++) {
      const score = scores[place] as number;
      if (score > 0) into.add(slots[place] as number, score);
    }
  },
});
