/** The feature tables in memory, brought forward by the product's own deltas. */

import type { Interaction } from "../../src/events/model.ts";
import type { FeatureChange } from "../../src/events/ports.ts";
import { FeatureTables } from "../support/fold-tables.ts";

/** A user's history as it was from `fromMs` on. */
export interface HistoryVersion {
  readonly version: number;
  readonly itemIds: string;
}

export class FeaturesModel {
  readonly tables = new FeatureTables();
  /** Rows of `events`, in order of arrival. */
  readonly applied: Interaction[] = [];
  /** item -> impressions. */
  readonly exposures = new Map<string, number>();
  readonly #known = new Set<string>();
  readonly #versions = new Map<string, HistoryVersion>();

  /** Answers the interactions whose event was new. */
  apply(interactions: readonly Interaction[]): ReadonlySet<Interaction> {
    const fresh = interactions.filter(({ eventId }) => !this.#known.has(eventId) && this.#known.add(eventId));
    this.tables.apply(fresh);
    this.applied.push(...fresh);
    const history = this.tables.history();
    for (const { userId } of fresh) {
      const version = this.historyOf(userId).version + 1;
      this.#versions.set(userId, { version, itemIds: (history[userId] ?? []).join(" ") });
    }
    return new Set(fresh);
  }

  expose(items: readonly { itemId: string }[]): void {
    for (const { itemId } of items) this.exposures.set(itemId, (this.exposures.get(itemId) ?? 0) + 1);
  }

  historyOf(userId: string): HistoryVersion {
    return this.#versions.get(userId) ?? { version: 0, itemIds: "" };
  }
}

export const changeOf = (interactions: Iterable<Interaction>): FeatureChange => {
  const all = [...interactions];
  const itemIds = [...new Set(all.map(({ itemId }) => itemId))];
  return {
    userIds: [...new Set(all.map(({ userId }) => userId))],
    itemIds,
    relatedItemIds: itemIds,
    ruleItemIds: itemIds,
    eventIds: all.map(({ eventId }) => eventId),
  };
};
