/** The list of GET /recommend: successors of the newest history item, then popular items. */

import type { RecoItem } from "./recommender.ts";
import type { RulesInput } from "./rules-v1.ts";

/** Both parts in their own order, without unwanted items or repeats, cut to `k`. Only the newest source counts. */
export function successors({ index, sources, unwanted, k }: RulesInput): RecoItem[] {
  const unwantedSlots = new Set<number>();
  for (const itemId of unwanted) unwantedSlots.add(index.table.slotOf(itemId));
  const items: RecoItem[] = [];
  const take = (name: "co_visitation" | "popularity", slot: number, score: number) => {
    if (unwantedSlots.has(slot)) return;
    unwantedSlots.add(slot);
    items.push({ itemId: index.table.nameOf(slot), score, sources: [{ name, score }] });
  };
  const newest = sources[0];
  for (let place = 0; newest && place < newest.slots.length && items.length < k; place++) {
    take("co_visitation", newest.slots[place] as number, newest.counts[place] as number);
  }
  for (let rank = 0; rank < index.size && items.length < k; rank++) {
    take("popularity", index.slotAt(rank), index.scoreAt(rank));
  }
  return items;
}
