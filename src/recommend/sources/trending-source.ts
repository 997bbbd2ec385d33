/** What many take at the moment. */

import type { Source } from "./source.ts";

export const trending: Source = {
  name: "trending",
  score({ trending: now }, into) {
    if (now === undefined) return;
    const { slots, scores } = now;
    for (let place = 0; place < slots.length; place++)
      into.add(slots[place] as number, scores[place] as number);
  },
};
