/** Sequential rules and co-visitation, which the stream keeps: sums the lists of the newest few items. */

import type { SlotScores } from "../slot-scores.ts";
import { AGE_FACTOR } from "../stream-v1.ts";
import type { TrainedInput } from "../trained-input.ts";
import type { Source } from "./source.ts";

export const sequentialRules: Source = {
  name: "sequential_rules",
  score: (input, into) => addShares(input, into, "ruleShares"),
};

export const coVisitation: Source = {
  name: "co_visitation",
  score: (input, into) => addShares(input, into, "transitionShares"),
};

function addShares(
  { neighbours }: TrainedInput,
  into: SlotScores,
  column: "ruleShares" | "transitionShares",
): void {
  let ageWeight = 1;
  for (const list of neighbours) {
    if (list) {
      const { slots } = list;
      const shares = list[column];
      for (let place = 0; place < slots.length; place++) {
        const share = shares[place] as number;
        if (share > 0) into.add(slots[place] as number, ageWeight * share);
      }
    }
    ageWeight *= AGE_FACTOR;
  }
}
