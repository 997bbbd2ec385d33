/** What one http worker holds in memory to answer without the store. */

import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { Interaction } from "../events/model.ts";
import type { FeatureChange } from "../events/ports.ts";
import { BaselineState } from "./baseline-state.ts";
import { CatalogCards } from "./catalog-cards.ts";
import type { CacheStatistics, KeyedCache } from "./keyed-cache.ts";
import { NewItemContent } from "./new-item-content.ts";
import { NewItems } from "./new-items.ts";
import { ProfileOverlay } from "./overlay.ts";
import { SNAPSHOT_ITEMS } from "./popular-snapshot.ts";
import type { PopularityKeeper } from "./popularity-keeper.ts";
import type { Attributes, FeatureReader, PopularSnapshots, ServingObserver } from "./ports.ts";
import { RankedLists } from "./ranked-lists.ts";
import {
  itemCache,
  jsonLimit,
  type ServingSettings,
  TITLES_PER_LOAD,
  USERS_PER_LOAD,
  userCache,
} from "./serving-settings.ts";
import { StreamState } from "./stream-state.ts";
import { TrendingKeeper, type TrendingKeeperOptions } from "./trending-keeper.ts";
import { Visibility } from "./visibility.ts";

const TITLE_TTL_MS = 1_000;
const ATTRIBUTES_TTL_MS = 1_000;
const OVERLAY_USERS = 10_000;
const SAVE_INTERVAL_MS = 60_000;
const WARM_UP_RETRY_MS = 250;

export interface ServingStateOptions {
  /** Usually behind `guardReader`: a read must settle by its deadline. */
  readonly reader: FeatureReader;
  readonly snapshots: PopularSnapshots;
  readonly settings: ServingSettings;
  readonly clock: Clock;
  readonly observer: ServingObserver;
  /** Items with the most points of a window. Absent: nothing trends. */
  readonly readTrending?: TrendingKeeperOptions["read"];
}

/** A cache of the store: dropping it changes latency, never results. */
export class ServingState implements AsyncDisposable {
  /** What GET /reco answers by. */
  readonly policy: ServingSettings["policy"];
  readonly baseline: BaselineState;
  readonly stream: StreamState;
  readonly titles: KeyedCache<string | null>;
  readonly overlay: ProfileOverlay;
  readonly rankedLists: RankedLists;
  readonly visibility: Visibility;
  readonly cards: CatalogCards;
  readonly newItems: NewItemContent;
  readonly userAttributes: KeyedCache<Attributes>;
  readonly trending: TrendingKeeper;
  /** The popular list of the policy that serves. */
  readonly popularity: PopularityKeeper;
  readonly #options: ServingStateOptions;
  readonly #newItems = new NewItems();
  #saving: Promise<void> = Promise.resolve();
  #saveTimer: Timer | null = null;
  #closed = false;

  constructor(options: ServingStateOptions) {
    this.#options = options;
    const { reader, settings, clock } = options;
    this.baseline = new BaselineState(reader, settings, clock);
    this.stream = new StreamState(reader, settings, clock);
    this.policy = settings.policy;
    this.popularity = (settings.policy === "rules-v1" ? this.baseline : this.stream).popularity;
    this.titles = itemCache(settings, clock, {
      load: (itemIds) => readTitles(reader, itemIds, Deadline.after(settings.readTimeoutMs, clock)),
      maxLoad: TITLES_PER_LOAD,
      ttlMs: TITLE_TTL_MS,
    });
    this.cards = new CatalogCards({
      reader,
      settings,
      clock,
      newItems: this.#newItems,
      onNewItems: () => this.rankedLists.clear(),
    });
    this.newItems = new NewItemContent(this.#newItems, this.cards);
    this.userAttributes = userCache(settings, clock, {
      load: (userIds) => reader.userAttributes(userIds, Deadline.after(settings.readTimeoutMs, clock)),
      maxLoad: USERS_PER_LOAD,
      ttlMs: ATTRIBUTES_TTL_MS,
      limit: jsonLimit,
    });
    this.trending = new TrendingKeeper({ read: options.readTrending ?? (async () => []), clock });
    this.overlay = new ProfileOverlay({ clock, maxUsers: OVERLAY_USERS });
    this.rankedLists = new RankedLists(clock, settings.rankedListTtlMs);
    this.visibility = new Visibility({ reader, settings, clock, onChange: () => this.rankedLists.clear() });
  }

  /** Loads the popular list, from the last snapshot while the store does not answer. Never rejects. */
  async warmUp(deadline: Deadline): Promise<"nothing" | "snapshot" | "store"> {
    const { clock } = this.#options;
    const following = Promise.all([this.visibility.start(), this.cards.start(deadline)]);
    while (!(await this.#tryLoad(deadline))) {
      if (this.popularity.origin === "nothing") await this.#loadSnapshot();
      if (this.#closed || deadline.remainingMs() < WARM_UP_RETRY_MS) break;
      await clock.sleep(WARM_UP_RETRY_MS);
    }
    await deadline.race(following).catch(() => {}); // It goes on asking.
    this.#save();
    return this.popularity.origin;
  }

  /** A commit made cached state old. */
  apply(change: FeatureChange): void {
    this.baseline.apply(change);
    this.stream.apply(change);
    this.#newItems.touch(change.itemIds);
    for (const userId of change.userIds) this.visibility.ofUsers.invalidate(userId);
    this.overlay.drop(change.eventIds);
  }

  /** Commits may have been missed: everything is read anew when it is asked for. */
  forget(): void {
    const { baseline, stream } = this;
    for (const cache of [baseline.histories, baseline.related, stream.profiles, stream.neighbours])
      cache.clear();
    // What a user hides stays hidden, even where it cannot be read anew.
    this.visibility.ofUsers.invalidateAll();
  }

  /** Watches were acknowledged whose features follow through the stream. */
  overlayAdd(interactions: readonly Interaction[]): void {
    for (const interaction of interactions) this.overlay.add(interaction);
  }

  statistics(): CacheStatistics {
    const { baseline, stream, titles, visibility } = this;
    const caches = [
      baseline.histories,
      baseline.related,
      stream.profiles,
      stream.neighbours,
      titles,
      visibility.ofUsers,
      this.userAttributes,
      this.cards.outside,
    ];
    const keepers = [baseline.popularity, stream.popularity];
    const parts = caches.map((cache) => cache.statistics());
    const sum = (count: (part: CacheStatistics) => number) =>
      parts.reduce((total, part) => total + count(part), 0);
    return {
      hits: sum((part) => part.hits),
      misses: sum((part) => part.misses),
      errors: sum((part) => part.errors) + baseline.popularity.errors + stream.popularity.errors,
      size: sum((part) => part.size),
      lastError: [...parts, ...keepers].find(({ lastError }) => lastError !== null)?.lastError ?? null,
    };
  }

  /** Stops all timers; a snapshot being written is finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#saveTimer?.cancel();
    this.baseline[Symbol.dispose]();
    this.stream[Symbol.dispose]();
    this.visibility[Symbol.dispose]();
    this.cards[Symbol.dispose]();
    await this.#saving;
  }

  async #tryLoad(deadline: Deadline): Promise<boolean> {
    try {
      await deadline.race(this.popularity.loaded());
      return true;
    } catch {
      return false; // The keeper counted it; the caller tries again.
    }
  }

  async #loadSnapshot(): Promise<void> {
    try {
      const items = await this.#options.snapshots.load();
      if (items) this.popularity.seed(items);
    } catch (error) {
      this.#options.observer.failed("snapshot_load", asError(error));
    }
  }

  /** Saves now and then once a minute, while the list is the store's. */
  #save(): void {
    const { snapshots, observer, clock } = this.#options;
    if (this.popularity.origin === "store") {
      const hidden = this.visibility.items;
      const items = this.popularity
        .current()
        .top(SNAPSHOT_ITEMS)
        .filter(({ itemId }) => !hidden.has(itemId));
      this.#saving = snapshots
        .save(items)
        .catch((error: unknown) => observer.failed("snapshot_save", asError(error)));
    }
    void this.#saving.then(() => {
      if (this.#closed) return;
      this.#saveTimer = clock.schedule(SAVE_INTERVAL_MS, () => this.#save(), { unref: true });
    });
  }
}

/** An item without a catalogue row is remembered as one without a title. */
async function readTitles(
  reader: FeatureReader,
  itemIds: readonly string[],
  deadline: Deadline,
): Promise<ReadonlyMap<string, string | null>> {
  const cards = await reader.items(itemIds, deadline);
  const titles = new Map(cards.map(({ itemId, title }) => [itemId, title]));
  return new Map(itemIds.map((itemId) => [itemId, titles.get(itemId) ?? null]));
}
