/** Which user took which items, each once: the sparse matrix that batch sources learn from, by rows and by columns. */

import { type TrainingLog, userCount } from "./training-log.ts";

export interface Takes {
  readonly userCount: number;
  readonly itemCount: number;
  /** User u took `userItems` from `userStarts[u]` until `userStarts[u + 1]`, the newest first. */
  readonly userStarts: Int32Array;
  readonly userItems: Int32Array;
  /** The heaviest signal of each: 1, 3 or 10. */
  readonly userWeights: Uint8Array;
  /** Item i was taken by `itemUsers` from `itemStarts[i]` until `itemStarts[i + 1]`, in order of their numbers. */
  readonly itemStarts: Int32Array;
  readonly itemUsers: Int32Array;
  readonly itemWeights: Uint8Array;
}

/** A user's newest `maxItems` distinct items; what a few users took without end says little and costs its square. */
export function takesOf(log: TrainingLog, maxItems = 1_000): Takes {
  const users = userCount(log);
  const itemCount = log.itemIds.length;
  const userStarts = new Int32Array(users + 1);
  const found = new Int32Array(log.items.length);
  const weights = new Uint8Array(log.items.length);
  const takenBy = new Int32Array(itemCount).fill(-1);
  const foundAt = new Int32Array(itemCount);
  let length = 0;
  for (let user = 0; user < users; user++) {
    const first = log.starts[user] as number;
    const end = length + maxItems;
    for (let event = (log.starts[user + 1] as number) - 1; event >= first && length < end; event--) {
      const item = log.items[event] as number;
      const weight = log.weights[event] as number;
      if (takenBy[item] === user) {
        const at = foundAt[item] as number;
        weights[at] = Math.max(weights[at] as number, weight);
        continue;
      }
      takenBy[item] = user;
      foundAt[item] = length;
      weights[length] = weight;
      found[length++] = item;
    }
    userStarts[user + 1] = length;
  }
  const userItems = found.slice(0, length);
  const userWeights = weights.slice(0, length);
  return {
    userCount: users,
    itemCount,
    userStarts,
    userItems,
    userWeights,
    ...transposed(userStarts, userItems, userWeights, itemCount),
  };
}

function transposed(
  userStarts: Int32Array,
  userItems: Int32Array,
  userWeights: Uint8Array,
  itemCount: number,
) {
  const itemStarts = new Int32Array(itemCount + 1);
  for (const item of userItems) itemStarts[item + 1] = (itemStarts[item + 1] as number) + 1;
  for (let item = 0; item < itemCount; item++) {
    itemStarts[item + 1] = (itemStarts[item + 1] as number) + (itemStarts[item] as number);
  }
  const next = itemStarts.slice();
  const itemUsers = new Int32Array(userItems.length);
  const itemWeights = new Uint8Array(userItems.length);
  for (let user = 0; user + 1 < userStarts.length; user++) {
    for (let place = userStarts[user] as number; place < (userStarts[user + 1] as number); place++) {
      const item = userItems[place] as number;
      const at = next[item] as number;
      itemUsers[at] = user;
      itemWeights[at] = userWeights[place] as number;
      next[item] = at + 1;
    }
  }
  return { itemStarts, itemUsers, itemWeights };
}
