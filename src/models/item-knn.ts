/** Item-kNN (Sarwar et al. 2001): items that the same users took, by cosine, shrunk where few users tell. */

import type { ItemLists } from "../recommend/item-lists.ts";
import { ItemListsBuilder, LIST_LENGTH } from "./item-lists-builder.ts";
import type { Takes } from "./takes.ts";

/** Added to the denominator, so that two items which one user took are not alike. */
const SHRINKAGE = 10;
/** A user's newest items that count as taken together. */
const MAX_TOGETHER = 300;

/** weight(i, j) = |users of both| / (sqrt(|users of i| |users of j|) + 10). */
export function itemKnn(takes: Takes, listLength = LIST_LENGTH): ItemLists {
  const { itemCount, itemStarts, itemUsers, userStarts, userItems } = takes;
  const together = new Float64Array(itemCount);
  const touched = new Int32Array(itemCount);
  const lists = new ItemListsBuilder(listLength);
  const usersOf = (item: number) => (itemStarts[item + 1] as number) - (itemStarts[item] as number);
  for (let item = 0; item < itemCount; item++) {
    let count = 0;
    for (let place = itemStarts[item] as number; place < (itemStarts[item + 1] as number); place++) {
      const user = itemUsers[place] as number;
      const first = userStarts[user] as number;
      const end = Math.min(userStarts[user + 1] as number, first + MAX_TOGETHER);
      for (let at = first; at < end; at++) {
        const other = userItems[at] as number;
        if (together[other] === 0) touched[count++] = other;
        together[other] = (together[other] as number) + 1;
      }
    }
    const own = usersOf(item);
    for (let place = 0; place < count; place++) {
      const other = touched[place] as number;
      if (other !== item) {
        lists.offer(other, (together[other] as number) / (Math.sqrt(own * usersOf(other)) + SHRINKAGE));
      }
      together[other] = 0;
    }
    lists.endList();
  }
  return lists.build();
}
