/** How surprising an item is to those who took part in training. */

import type { Interaction } from "../events/model.ts";

export class Surprise {
  readonly #users: number;
  readonly #usersOf = new Map<string, Set<string>>();

  constructor(training: readonly Interaction[]) {
    const users = new Set<string>();
    for (const { userId, itemId } of training) {
      users.add(userId);
      const known = this.#usersOf.get(itemId);
      if (known) known.add(userId);
      else this.#usersOf.set(itemId, new Set([userId]));
    }
    this.#users = users.size;
  }

  /** -log2 of the share of users who had the item: 0 when all had it. An item of nobody counts as one of one user. */
  bitsOf(itemId: string): number {
    return Math.log2(this.#users / (this.#usersOf.get(itemId)?.size ?? 1));
  }
}
