/** What one http worker holds in memory to answer without the store. */

import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { Interaction } from "../events/model.ts";
import type { FeatureChange } from "../events/ports.ts";
import { type CacheStatistics, KeyedCache, type LoadKeys } from "./keyed-cache.ts";
import { ProfileOverlay } from "./overlay.ts";
import { SNAPSHOT_ITEMS } from "./popular-snapshot.ts";
import { PopularityKeeper } from "./popularity-keeper.ts";
import type { FeatureReader, HistoryEntry, PopularSnapshots, ServingObserver } from "./ports.ts";
import type { RelatedList } from "./related-list.ts";
import { historyLoader, relatedLoader, titleLoader } from "./store-loaders.ts";

const TITLE_TTL_MS = 1_000;
const OVERLAY_USERS = 10_000;
const SAVE_INTERVAL_MS = 60_000;
const WARM_UP_RETRY_MS = 250;

export interface ServingSettings {
  readonly cacheEnabled: boolean;
  /** Over all kinds of entries together. */
  readonly maxKeys: number;
  readonly historyTtlMs: number;
  readonly relatedTtlMs: number;
  readonly popularityTtlMs: number;
  /** How long a read may go on for the cache after its request stopped waiting. */
  readonly readTimeoutMs: number;
}

export interface ServingStateOptions {
  /** Usually behind `guardReader`: a read must settle by its deadline. */
  readonly reader: FeatureReader;
  readonly snapshots: PopularSnapshots;
  readonly settings: ServingSettings;
  readonly clock: Clock;
  readonly observer: ServingObserver;
}

/** A cache of the store: dropping it changes latency, never results. */
export class ServingState implements AsyncDisposable {
  readonly histories: KeyedCache<readonly HistoryEntry[]>;
  readonly related: KeyedCache<RelatedList>;
  readonly titles: KeyedCache<string | null>;
  readonly popularity: PopularityKeeper;
  readonly overlay: ProfileOverlay;
  readonly #options: ServingStateOptions;
  #saving: Promise<void> = Promise.resolve();
  #saveTimer: Timer | null = null;
  #closed = false;

  constructor(options: ServingStateOptions) {
    this.#options = options;
    const { reader, settings, clock } = options;
    const deadline = () => Deadline.after(settings.readTimeoutMs, clock);
    const cache = <V>(load: LoadKeys<V>, ttlMs: number, serveWhileRenewing = false) => {
      const maxKeys = Math.floor(settings.maxKeys / 3);
      return new KeyedCache({
        load,
        ttlMs,
        serveWhileRenewing,
        clock,
        maxKeys,
        enabled: settings.cacheEnabled,
      });
    };
    this.histories = cache(historyLoader(reader, deadline), settings.historyTtlMs);
    this.related = cache(
      relatedLoader(reader, deadline, () => this.popularity.table),
      settings.relatedTtlMs,
      true,
    );
    this.titles = cache(titleLoader(reader, deadline), TITLE_TTL_MS);
    this.popularity = new PopularityKeeper({
      reader,
      clock,
      ttlMs: settings.popularityTtlMs,
      readTimeoutMs: settings.readTimeoutMs,
      onNewTable: () => this.related.clear(),
    });
    this.overlay = new ProfileOverlay({ clock, maxUsers: OVERLAY_USERS });
  }

  /** Loads the popular list, from the last snapshot while the store does not answer. Never rejects. */
  async warmUp(deadline: Deadline): Promise<"nothing" | "snapshot" | "store"> {
    const { clock } = this.#options;
    while (!(await this.#tryLoad(deadline))) {
      if (this.popularity.origin === "nothing") await this.#loadSnapshot();
      if (this.#closed || deadline.remainingMs() < WARM_UP_RETRY_MS) break;
      await clock.sleep(WARM_UP_RETRY_MS);
    }
    this.#save();
    return this.popularity.origin;
  }

  /** A commit made cached state old. */
  apply(change: FeatureChange): void {
    for (const userId of change.userIds) this.histories.invalidate(userId);
    for (const itemId of change.relatedItemIds) this.related.invalidate(itemId);
    this.popularity.note(change.itemIds);
    this.overlay.drop(change.eventIds);
  }

  /** Watches were acknowledged whose features follow through the stream. */
  overlayAdd(interactions: readonly Interaction[]): void {
    for (const interaction of interactions) this.overlay.add(interaction);
  }

  statistics(): CacheStatistics {
    const parts = [this.histories, this.related, this.titles].map((cache) => cache.statistics());
    const sum = (count: (part: CacheStatistics) => number) =>
      parts.reduce((total, part) => total + count(part), 0);
    return {
      hits: sum((part) => part.hits),
      misses: sum((part) => part.misses),
      errors: sum((part) => part.errors) + this.popularity.errors,
      size: sum((part) => part.size),
      lastError: parts.find((part) => part.lastError)?.lastError ?? this.popularity.lastError,
    };
  }

  /** Stops all timers; a snapshot being written is finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#saveTimer?.cancel();
    this.popularity.close();
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
      const items = this.popularity.current().top(SNAPSHOT_ITEMS);
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
