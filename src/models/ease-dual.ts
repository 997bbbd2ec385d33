/** The lists of EASE from the inverse of a matrix of users: rows of Q = X' M X, four items at once. */

import type { ItemLists } from "../recommend/item-lists.ts";
import { ItemListsBuilder } from "./item-lists-builder.ts";
import type { Takes } from "./takes.ts";

/** Items whose rows are made together: each place of the takes is then read once for all of them. */
const TOGETHER = 4;

/** B[i, j] = Q[i, j] / (1 - Q[j, j]). */
export function dualLists(inverse: Float64Array, takes: Takes): ItemLists {
  const { userCount, itemCount, itemStarts, itemUsers } = takes;
  const scale = scalesOf(inverse, takes);
  const sums = new Float64Array(userCount * TOGETHER);
  const rows = new Float64Array(itemCount * TOGETHER);
  const lists = new ItemListsBuilder();
  for (let first = 0; first < itemCount; first += TOGETHER) {
    const count = Math.min(TOGETHER, itemCount - first);
    sums.fill(0);
    for (let which = 0; which < count; which++) sumRows(inverse, takes, first + which, which, sums);
    for (let other = 0; other < itemCount; other++) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      const end = itemStarts[other + 1] as number;
      for (let place = itemStarts[other] as number; place < end; place++) {
        const at = (itemUsers[place] as number) * TOGETHER;
        s0 += sums[at] as number;
        s1 += sums[at + 1] as number;
        s2 += sums[at + 2] as number;
        s3 += sums[at + 3] as number;
      }
      const by = scale[other] as number;
      rows[other] = s0 * by;
      rows[itemCount + other] = s1 * by;
      rows[2 * itemCount + other] = s2 * by;
      rows[3 * itemCount + other] = s3 * by;
    }
    for (let which = 0; which < count; which++) {
      const from = which * itemCount;
      for (let other = 0; other < itemCount; other++) {
        if (other !== first + which) lists.offer(other, rows[from + other] as number);
      }
      lists.endList();
    }
  }
  return lists.build();
}

/** By item: 1 / (1 - Q[j, j]), which needs of M what is between the item's own users. */
function scalesOf(
  inverse: Float64Array,
  { userCount, itemCount, itemStarts, itemUsers }: Takes,
): Float64Array {
  return Float64Array.from({ length: itemCount }, (_, item) => {
    const [from, to] = [itemStarts[item] as number, itemStarts[item + 1] as number];
    let own = 0;
    for (let place = from; place < to; place++) {
      const column = itemUsers[place] as number;
      let sum = 0;
      for (let other = from; other < to; other++)
        sum += inverse[(itemUsers[other] as number) * userCount + column] as number;
      own += sum;
    }
    return 1 / (1 - own);
  });
}

/** Adds the rows of M of those who took the item. */
function sumRows(
  inverse: Float64Array,
  { userCount, itemStarts, itemUsers }: Takes,
  item: number,
  which: number,
  sums: Float64Array,
): void {
  for (let place = itemStarts[item] as number; place < (itemStarts[item + 1] as number); place++) {
    const at = (itemUsers[place] as number) * userCount;
    for (let user = 0; user < userCount; user++) {
      const to = user * TOGETHER + which;
      sums[to] = (sums[to] as number) + (inverse[at + user] as number);
    }
  }
}
