/** Sequential rules and co-visitation, which the stream keeps: sums the lists of the newest few items. */

import type { NeighbourList } from "../neighbour-list.ts";
import type { SlotScores } from "../slot-scores.ts";
import { AGE_FACTOR } from "../stream-v1.ts";
import type { TrainedInput } from "../trained-input.ts";
import type { Source } from "./source.ts";

/** What is below this share of the largest single score is left out, as long as lists are in the order of their scores. */
const LEAST_SHARE = 0.01;

export const sequentialRules: Source = {
  name: "sequential_rules",
  score({ neighbours }, into) {
    let least = 0;
    let ageWeight = 1;
    for (const list of neighbours) {
      least = Math.max(least, LEAST_SHARE * ageWeight * (list?.ruleShares[0] ?? 0));
      ageWeight *= AGE_FACTOR;
    }
    addShares(neighbours, into, (list) => list.ruleShares, least);
  },
};

/** Lists are in the order of rules, so that none can be left early. */
export const coVisitation: Source = {
  name: "co_visitation",
  score: ({ neighbours }, into) => addShares(neighbours, into, (list) => list.transitionShares, 0),
};

function addShares(
  neighbours: TrainedInput["neighbours"],
  into: SlotScores,
  columnOf: (list: NeighbourList) => Float32Array,
  least: number,
): void {
  let ageWeight = 1;
  for (const list of neighbours) {
    if (list) into.addList(list.slots, columnOf(list), ageWeight, least);
    ageWeight *= AGE_FACTOR;
  }
}
