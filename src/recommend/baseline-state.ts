/** What one http worker holds in memory for the baseline policy. Its item numbers are its own. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import type { FeatureChange } from "../events/ports.ts";
import type { KeyedCache } from "./keyed-cache.ts";
import { PopularityKeeper } from "./popularity-keeper.ts";
import type { FeatureReader, HistoryEntry } from "./ports.ts";
import { RELATED_LIMIT, type RelatedList, relatedList } from "./related-list.ts";
import {
  itemCache,
  LISTS_PER_LOAD,
  type ServingSettings,
  USERS_AHEAD,
  USERS_PER_LOAD,
  userCache,
} from "./serving-settings.ts";

/** History items that the baseline policy sees. */
export const HISTORY_LIMIT = 20;

export class BaselineState implements Disposable {
  readonly popularity: PopularityKeeper;
  readonly related: KeyedCache<RelatedList>;
  readonly histories: KeyedCache<readonly HistoryEntry[]>;

  constructor(reader: FeatureReader, settings: ServingSettings, clock: Clock) {
    const { readTimeoutMs } = settings;
    const deadline = () => Deadline.after(readTimeoutMs, clock);
    this.popularity = new PopularityKeeper({
      source: {
        top: (limit, until) => reader.popularity(limit, until),
        of: (itemIds, until) => reader.popularityOf(itemIds, until),
      },
      clock,
      ttlMs: settings.popularityTtlMs,
      readTimeoutMs,
      onNewTable: () => this.related.clear(),
    });
    this.related = itemCache(settings, clock, {
      load: async (itemIds) => {
        const lists = await reader.related(itemIds, RELATED_LIMIT, deadline());
        const { table } = this.popularity;
        return new Map(itemIds.map((itemId) => [itemId, relatedList(lists.get(itemId) ?? [], table)]));
      },
      ttlMs: settings.relatedTtlMs,
      maxLoad: LISTS_PER_LOAD,
      renewal: { when: "behind", weightOf: ({ slots }) => slots.length },
    });
    this.histories = userCache(settings, clock, {
      load: (userIds) => reader.histories(userIds, HISTORY_LIMIT, deadline()),
      ttlMs: settings.historyTtlMs,
      maxLoad: USERS_PER_LOAD,
      renewal: USERS_AHEAD,
    });
  }

  /** A commit made cached state old. */
  apply(change: FeatureChange): void {
    for (const userId of change.userIds) this.histories.invalidate(userId);
    for (const itemId of change.relatedItemIds) this.related.invalidate(itemId);
    this.popularity.note(change.itemIds);
  }

  [Symbol.dispose](): void {
    this.popularity.close();
  }
}
