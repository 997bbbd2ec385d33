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

export type { LoadKeys } from "./gathered-loads.ts";

export interface KeyedCacheOptions<V> {
  readonly load: LoadKeys<V>;
  readonly clock: Clock;
  readonly maxKeys: number;
  /** Bounds the sum of what `sizeOf` says of the values, where they differ much in size. */
  readonly limit?: { readonly maxSize: number; readonly sizeOf: (value: V) => number };
  readonly ttlMs: number;
  /** Whether an entry that is no longer fresh is still answered while one read renews it. */
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
  /** Number of the read that filled it; later reads have higher ones. */
  readonly read: number;
  invalid: boolean;
}

/** Keys with a read under way; beyond it callers are refused instead of queued. */
const MAX_FLIGHTS = 5_000;
/** Renewals wait this long for each other, so that a key that changes all the time is read ten times a second. */
const RENEWAL_INTERVAL_MS = 100;
/** Renewals of one interval; the rest waits for the next one. */
const MAX_RENEWALS = 200;

export class KeyedCache<V> {
  readonly #options: KeyedCacheOptions<V>;
  readonly #entries: LRUCache<string, Entry<V>>;
  readonly #loads: GatheredLoads<V>;
  readonly #flights = new Map<string, Promise<ReadonlyMap<string, V>>>();
  readonly #renewals = new Set<string>();
  #renewalsDue = false;
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
    this.#loads = new GatheredLoads(options.load);
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
    if (unread.length > 0) this.#start(unread);
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
    if (entry) entry.invalid = true;
  }

  clear(): void {
    this.#flights.clear();
    this.#renewals.clear();
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
    const isOld = this.#options.clock.monotonicMs() - entry.filledAtMs >= this.#options.ttlMs;
    if (!isOld && !entry.invalid) return true;
    if (!this.#options.serveWhileRenewing) return false;
    if (!this.#flights.has(key)) this.#renew(key);
    return true;
  }

  #renew(key: string): void {
    this.#renewals.add(key);
    if (this.#renewalsDue) return;
    this.#renewalsDue = true;
    this.#options.clock.schedule(RENEWAL_INTERVAL_MS, () => this.#renewAll(), { unref: true });
  }

  #renewAll(): void {
    this.#renewalsDue = false;
    const keys = [...this.#renewals].filter((key) => !this.#flights.has(key)).slice(0, MAX_RENEWALS);
    // What is left over is asked for again by whoever needs it.
    this.#renewals.clear();
    if (keys.length > 0 && this.#flights.size < MAX_FLIGHTS) this.#start(keys);
  }

  #start(keys: readonly string[]): void {
    const read = ++this.#reads;
    const flight = this.#loads.load(keys);
    for (const key of keys) this.#flights.set(key, flight);
    void flight
      .then((values) => {
        for (const key of keys) {
          const value = values.get(key);
          if (value !== undefined) this.#land(key, value, read, this.#flights.get(key) === flight);
        }
      })
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

  /** A value that was invalidated on its way is old, and yet newer than what is served in its place. */
  #land(key: string, value: V, read: number, isCurrent: boolean): void {
    const { enabled, serveWhileRenewing, clock } = this.#options;
    if (!enabled || !(isCurrent || serveWhileRenewing)) return;
    const known = this.#entries.peek(key);
    if (!isCurrent && (known === undefined || known.read > read)) return;
    this.#entries.set(key, { value, filledAtMs: clock.monotonicMs(), read, invalid: !isCurrent });
  }
}
