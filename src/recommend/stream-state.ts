/** What one http worker holds in memory for the streaming policy. Its item numbers are its own. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import type { FeatureChange } from "../events/ports.ts";
import type { KeyedCache } from "./keyed-cache.ts";
import { NEIGHBOUR_LIMIT, type NeighbourList, neighbourList } from "./neighbour-list.ts";
import { PopularityKeeper, type PopularitySource } from "./popularity-keeper.ts";
import type { DecayedItem, FeatureReader, ScoredItem } from "./ports.ts";
import {
  itemCache,
  LISTS_PER_LOAD,
  type ServingSettings,
  USERS_AHEAD,
  USERS_PER_LOAD,
  userCache,
} from "./serving-settings.ts";
import { isSameProfile, type UserProfile, userProfile } from "./user-profile.ts";

/** Events of all profiles together, at 4 bytes each: a few users with long histories must not fill the memory. */
const MAX_PROFILE_EVENTS = 8_000_000;

export class StreamState implements Disposable {
  readonly popularity: PopularityKeeper;
  readonly neighbours: KeyedCache<NeighbourList>;
  readonly profiles: KeyedCache<UserProfile>;
  readonly #categories = new Map<string, string>();

  constructor(reader: FeatureReader, settings: ServingSettings, clock: Clock) {
    const { readTimeoutMs } = settings;
    const deadline = () => Deadline.after(readTimeoutMs, clock);
    this.popularity = new PopularityKeeper({
      source: this.#decayed(reader),
      clock,
      ttlMs: settings.popularityTtlMs,
      readTimeoutMs,
      onNewTable: () => {
        this.neighbours.clear();
        this.profiles.clear();
      },
    });
    const table = () => this.popularity.table;
    this.neighbours = itemCache(settings, clock, {
      load: async (itemIds) => {
        const neighbours = await reader.neighbours(itemIds, NEIGHBOUR_LIMIT, deadline());
        return mapValues(neighbours, (each) => neighbourList(each, table()));
      },
      ttlMs: settings.relatedTtlMs,
      maxLoad: LISTS_PER_LOAD,
      renewal: { when: "behind", weightOf: ({ totalWeight }) => totalWeight },
    });
    this.profiles = userCache(settings, clock, {
      load: async (userIds) => {
        const events = await reader.recentEvents(userIds, settings.seenMax, deadline());
        return mapValues(events, (each) => userProfile(each, table()));
      },
      limit: { maxSize: MAX_PROFILE_EVENTS, sizeOf: ({ slots }) => slots.length },
      ttlMs: settings.historyTtlMs,
      maxLoad: USERS_PER_LOAD,
      renewal: USERS_AHEAD,
      isSame: isSameProfile,
    });
  }

  /** Of the catalogue; null without one. Known for items of the popular list. */
  categoryOf(slot: number): string | null {
    return this.#categories.get(this.popularity.table.nameOf(slot)) ?? null;
  }

  /** A commit made cached state old. */
  apply(change: FeatureChange): void {
    for (const userId of change.userIds) this.profiles.invalidate(userId);
    for (const itemId of change.ruleItemIds) this.neighbours.invalidate(itemId);
    for (const itemId of change.relatedItemIds) this.neighbours.invalidate(itemId);
    this.popularity.note(change.itemIds);
  }

  [Symbol.dispose](): void {
    this.popularity.close();
  }

  /**
   * Decayed popularity on a linear scale: 2^(score - best score when the list was last read as a whole). The log scale
   * of the store has no natural zero, and its linear values would overflow.
   */
  #decayed(reader: FeatureReader): PopularitySource {
    let best = 0;
    const linear = (items: readonly DecayedItem[]): ScoredItem[] =>
      items.map(({ itemId, score, category }) => {
        if (category === null) this.#categories.delete(itemId);
        else this.#categories.set(itemId, category);
        return { itemId, score: 2 ** (score - best) };
      });
    return {
      top: async (limit, deadline) => {
        const items = await reader.decayedPopularity(limit, deadline);
        best = items[0]?.score ?? 0;
        this.#categories.clear();
        return linear(items);
      },
      of: async (itemIds, deadline) => linear(await reader.decayedPopularityOf(itemIds, deadline)),
    };
  }
}

function mapValues<V, W>(map: ReadonlyMap<string, V>, change: (value: V) => W): ReadonlyMap<string, W> {
  return new Map(Array.from(map, ([key, value]) => [key, change(value)]));
}
