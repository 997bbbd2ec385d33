/** The behavior channel: what users took after an item, and beside it where a trained model serves. */

import type { NeighbourList } from "../neighbour-list.ts";
import { type Hits, listHits, NO_HITS, type NumberedModel, sumScaled } from "./hits.ts";

/**
 * Sequential rules and transitions of the stream, and the lists that a run learned from the same events. An item found by
 * several counts by their sum, each scaled to a largest score of 1.
 */
export function behaviorHits(
  itemId: string,
  neighbours: NeighbourList | undefined,
  trained: NumberedModel | null,
): Hits {
  const lists = [
    neighbours ? columnHits(neighbours, neighbours.ruleShares) : NO_HITS,
    neighbours ? columnHits(neighbours, neighbours.transitionShares) : NO_HITS,
    trained ? listHits(trained, "ease", itemId) : NO_HITS,
    trained ? listHits(trained, "item_knn", itemId) : NO_HITS,
  ];
  return sumScaled(lists);
}

function columnHits({ table, slots }: NeighbourList, shares: Float32Array): Hits {
  const hits = new Map<string, number>();
  for (const [place, slot] of slots.entries()) {
    const share = shares[place] as number;
    if (share > 0) hits.set(table.nameOf(slot), share);
  }
  return hits;
}
