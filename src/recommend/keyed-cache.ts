/**
 * A bounded cache of one kind of store row, filled on demand.
 *
 * An entry is fresh until its time to live ends or its key is invalidated. One read a key is under way at most; a read
 * that began before an invalidation serves no caller that comes after it, because the invalidation takes it out of the
 * flights. What is no longer fresh stays until evicted, for callers that must do without the store, and for caches
 * that serve the old value while a new one is read.
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";
import { asError, StoreUnavailableError } from "../core/errors.ts";
import { GatheredLoads, type LoadKeys } from "./gathered-loads.ts";
import { Renewals } from "./renewals.ts";

export type { LoadKeys } from "./gathered-loads.ts";

export interface KeyedCacheOptions<V> {
  readonly load: LoadKeys<V>;
  readonly clock: Clock;
  readonly maxKeys: number;
  /** Bounds the sum of what `sizeOf` says of the values, where they differ much in size. */
  readonly limit?: { readonly maxSize: number; readonly sizeOf: (value: V) => number };
  /** Keys of one load. */
  readonly maxLoad: number;
  readonly ttlMs: number;
  readonly renewal?: Renewal<V>;
  /**
   * Whether a value that was read anew says the same. Unless the key was invalidated the one before it stays then, and with
   * it what others keep by it.
   */
  readonly isSame?: (known: V, read: V) => boolean;
  /** False: nothing is kept, every look-up misses; reads are still shared. */
  readonly enabled: boolean;
}

/** Entries that are in use are read again in the background, many at a time. */
export interface Renewal<V> {
  /**
   * `ahead`: in the second half of an entry's life, so that it need not end.
   * `behind`: once the entry is no longer fresh; until then the old value is served.
   */
  readonly when: "ahead" | "behind";
  /** How much it takes to change the value: of two that changed as often the lighter one is read first. */
  readonly weightOf: (value: V) => number;
}

export interface CacheStatistics {
  readonly hits: number;
  readonly misses: number;
  readonly errors: number;
  readonly size: number;
  readonly lastError: string | null;
}

interface Entry<V> {
  readonly value: V;
  readonly filledAtMs: number;
  /** Number of the read that filled it; later reads have higher ones. */
  readonly read: number;
  /** Invalidations since then; with one the value is old. */
  changes: number;
}

/** Keys with a read under way; beyond it callers are refused instead of queued. */
const MAX_FLIGHTS = 5_000;

export class KeyedCache<V> {
  readonly #options: KeyedCacheOptions<V>;
  readonly #entries: LRUCache<string, Entry<V>>;
  readonly #loads: GatheredLoads<V>;
  readonly #flights = new Map<string, Promise<ReadonlyMap<string, V>>>();
  readonly #renewals: Renewals | null;
  #reads = 0;
  #hits = 0;
  #misses = 0;
  #errors = 0;
  #lastError: string | null = null;

  constructor(options: KeyedCacheOptions<V>) {
    this.#options = options;
    const { limit } = options;
    this.#entries = new LRUCache({
      max: Math.max(1, options.maxKeys),
      ...(limit && { maxSize: limit.maxSize, sizeCalculation: ({ value }) => 1 + limit.sizeOf(value) }),
    });
    this.#loads = new GatheredLoads(options.load, options.maxLoad);
    const { renewal, clock } = options;
    this.#renewals = renewal
      ? new Renewals({ clock, maxKeys: options.maxLoad, read: (keys) => this.#renew(keys) })
      : null;
  }

  /** The value when it may be served now. Counts a hit or a miss, and asks for a renewal where one is due. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    const value = entry && this.#usable(key, entry) ? entry.value : undefined;
    if (value === undefined) this.#misses++;
    else this.#hits++;
    return value;
  }

  /** The last value known, however old. */
  stale(key: string): V | undefined {
    return this.#entries.peek(key)?.value;
  }

  /** Reads these keys, joining reads already under way. Rejects as the load does. */
  async fill(keys: readonly string[]): Promise<ReadonlyMap<string, V>> {
    const unread = keys.filter((key) => !this.#flights.has(key));
    if (this.#flights.size + unread.length > MAX_FLIGHTS) {
      throw new StoreUnavailableError("pool", "too many reads are under way");
    }
    if (unread.length > 0) void this.#start(unread);
    const flights = new Set(keys.flatMap((key) => this.#flights.get(key) ?? []));
    const filled = new Map<string, V>();
    for (const values of await Promise.all(flights)) {
      for (const key of keys) {
        const value = values.get(key);
        if (value !== undefined) filled.set(key, value);
      }
    }
    return filled;
  }

  /** What the store held for this key until now is old. */
  invalidate(key: string): void {
    this.#flights.delete(key);
    const entry = this.#entries.peek(key);
    if (entry) entry.changes++;
  }

  /** Everything that the store held until now may be old; it stays for callers that must do without the store. */
  invalidateAll(): void {
    this.#flights.clear();
    for (const entry of this.#entries.values()) entry.changes++;
  }

  clear(): void {
    this.#flights.clear();
    this.#renewals?.clear();
    this.#entries.clear();
  }

  statistics(): CacheStatistics {
    return {
      hits: this.#hits,
      misses: this.#misses,
      errors: this.#errors,
      size: this.#entries.size,
      lastError: this.#lastError,
    };
  }

  #usable(key: string, entry: Entry<V>): boolean {
    const { clock, ttlMs, renewal } = this.#options;
    const lived = (clock.monotonicMs() - entry.filledAtMs) / ttlMs;
    const isFresh = entry.changes === 0 && lived < 1;
    if (renewal === undefined) return isFresh;
    const served = isFresh || renewal.when === "behind";
    if (renewal.when === "ahead" ? isFresh && lived > 1 / 2 : !isFresh) {
      this.#renewals?.ask(key, (entry.changes + lived) / (1 + renewal.weightOf(entry.value)));
    }
    return served;
  }

  async #renew(keys: readonly string[]): Promise<void> {
    const unread = keys.filter((key) => !this.#flights.has(key));
    if (unread.length > 0 && this.#flights.size < MAX_FLIGHTS) await this.#start(unread);
  }

  /** Resolves once the read has ended, well or not. */
  #start(keys: readonly string[]): Promise<void> {
    const read = ++this.#reads;
    const flight: Promise<ReadonlyMap<string, V>> = this.#loads.load(keys).then((values) => {
      const landed = new Map<string, V>();
      for (const key of keys) {
        const value = values.get(key);
        if (value === undefined) continue;
        landed.set(key, this.#land(key, value, read, this.#flights.get(key) === flight));
      }
      return landed;
    });
    for (const key of keys) this.#flights.set(key, flight);
    return flight
      .then(() => {})
      .catch((error: unknown) => {
        // Who waits for the flight sees the failure itself; a renewal has nobody, so it is counted here.
        this.#errors++;
        const { name, message } = asError(error);
        this.#lastError = `${name}: ${message}`;
      })
      .finally(() => {
        for (const key of keys) if (this.#flights.get(key) === flight) this.#flights.delete(key);
      });
  }

  /**
   * What those who wait for the value get. A value that was invalidated on its way is old, and yet newer than what is served in
   * its place.
   */
  #land(key: string, value: V, read: number, isCurrent: boolean): V {
    const { enabled, renewal, clock, isSame } = this.#options;
    if (!enabled || !(isCurrent || renewal?.when === "behind")) return value;
    const known = this.#entries.peek(key);
    if (!isCurrent && (known === undefined || known.read > read)) return value;
    const kept = known?.changes === 0 && isSame?.(known.value, value) ? known.value : value;
    const changes = isCurrent ? 0 : 1;
    this.#entries.set(key, { value: kept, filledAtMs: clock.monotonicMs(), read, changes });
    return kept;
  }
}
