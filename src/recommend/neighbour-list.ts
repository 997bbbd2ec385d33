/** What follows one item, weighed for the streaming policy when it is read from the store. */

import type { ItemTable } from "./item-table.ts";
import type { NeighbourItem, Neighbours } from "./ports.ts";

/** Rules, and transitions, that count for one item. */
export const NEIGHBOUR_LIMIT = 200;
/** Added to the sum of an item's rule weights, so that an item seen once does not speak with full voice. */
const SHRINKAGE = 5;

export interface NeighbourList {
  /** The table that `slots` belong to. */
  readonly table: ItemTable;
  /** Sum of the weights of all rules of the item. */
  readonly totalWeight: number;
  readonly slots: Int32Array;
  /** Weight of the rule as a share of all rules of the item. */
  readonly ruleShares: Float32Array;
  /** Transitions on a log scale, as a share of what the item's frequency allows. */
  readonly transitionShares: Float32Array;
}

/**
 * ruleShare(y) = w(x,y) / (sum over z of w(x,z) + 5); transitionShare(y) = ln(1 + cnt(x,y)) / ln(1 + sum of w(x,z)).
 * An item that nothing follows has an empty list.
 */
export function neighbourList({ totalWeight, items }: Neighbours, table: ItemTable): NeighbourList {
  const ruleScale = 1 / (totalWeight + SHRINKAGE);
  const transitionScale = totalWeight > 0 ? 1 / Math.log1p(totalWeight) : 0;
  const slots = new Int32Array(items.length);
  const ruleShares = new Float32Array(items.length);
  const transitionShares = new Float32Array(items.length);
  // A loop: made of iterators these columns cost a fifth of serving while lists are read.
  for (let place = 0; place < items.length; place++) {
    const { itemId, weight, count } = items[place] as NeighbourItem;
    slots[place] = table.intern(itemId);
    ruleShares[place] = weight * ruleScale;
    transitionShares[place] = Math.log1p(count) * transitionScale;
  }
  return { table, totalWeight, slots, ruleShares, transitionShares };
}

/** The same list in `table`'s numbers. */
export function neighboursInTable(list: NeighbourList, table: ItemTable): NeighbourList {
  if (list.table === table) return list;
  return { ...list, table, slots: list.slots.map((slot) => table.intern(list.table.nameOf(slot))) };
}
