/**
 * A bounded cache of one kind of store row, filled on demand.
 *
 * An entry is fresh until its time to live ends or its key is invalidated. One read a key is under way at most; a read
 * that began before an invalidation neither fills the cache nor serves callers that come after it, because the
 * invalidation takes it out of the flights. What is no longer fresh stays until evicted, for callers that must do
 * without the store.
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "../core/clock.ts";
import { asError, StoreUnavailableError } from "../core/errors.ts";

/** Reads these keys; a key that is left out has no row and is not cached. */
export type LoadKeys<V> = (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>;

export interface KeyedCacheOptions<V> {
  readonly load: LoadKeys<V>;
  readonly clock: Clock;
  readonly maxKeys: number;
  readonly ttlMs: number;
  /** Whether an entry that is only too old is still answered while one read renews it. */
  readonly serveWhileRenewing: boolean;
  /** False: nothing is kept, every look-up misses; reads are still shared. */
  readonly enabled: boolean;
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
  invalid: boolean;
}

/** Keys with a read under way; beyond it callers are refused instead of queued. */
const MAX_FLIGHTS = 5_000;

export class KeyedCache<V> {
  readonly #options: KeyedCacheOptions<V>;
  readonly #entries: LRUCache<string, Entry<V>>;
  readonly #flights = new Map<string, Promise<ReadonlyMap<string, V>>>();
  #hits = 0;
  #misses = 0;
  #errors = 0;
  #lastError: string | null = null;

  constructor(options: KeyedCacheOptions<V>) {
    this.#options = options;
    this.#entries = new LRUCache({ max: Math.max(1, options.maxKeys) });
  }

  /** The value when it may be served now. Counts a hit or a miss, and starts a renewal where one is due. */
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
    if (unread.length > 0) this.#start(unread);
    const flights = new Set(keys.flatMap((key) => this.#flights.get(key) ?? []));
    const filled = new Map<string, V>();
    for (const values of await Promise.all(flights)) {
      for (const [key, value] of values) filled.set(key, value);
    }
    return filled;
  }

  /** What the store held for this key until now is old. */
  invalidate(key: string): void {
    this.#flights.delete(key);
    const entry = this.#entries.peek(key);
    if (entry) entry.invalid = true;
  }

  clear(): void {
    this.#flights.clear();
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
    if (entry.invalid) return false;
    if (this.#options.clock.monotonicMs() - entry.filledAtMs < this.#options.ttlMs) return true;
    if (!this.#options.serveWhileRenewing) return false;
    if (!this.#flights.has(key) && this.#flights.size < MAX_FLIGHTS) this.#start([key]);
    return true;
  }

  #start(keys: readonly string[]): void {
    const flight = this.#options.load(keys);
    for (const key of keys) this.#flights.set(key, flight);
    const isCurrent = (key: string) => this.#flights.get(key) === flight;
    void flight
      .then((values) => {
        for (const [key, value] of values) if (isCurrent(key)) this.#keep(key, value);
      })
      .catch((error: unknown) => {
        // Who waits for the flight sees the failure itself; a renewal has nobody, so it is counted here.
        this.#errors++;
        const { name, message } = asError(error);
        this.#lastError = `${name}: ${message}`;
      })
      .finally(() => {
        for (const key of keys) if (isCurrent(key)) this.#flights.delete(key);
      });
  }

  #keep(key: string, value: V): void {
    if (!this.#options.enabled) return;
    this.#entries.set(key, { value, filledAtMs: this.#options.clock.monotonicMs(), invalid: false });
  }
}
