/** The store reads of one request: each within its share of the deadline, and the first failure remembered. */

import type { Deadline } from "../core/deadline.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { degradeCause } from "./guarded-reader.ts";
import type { KeyedCache } from "./keyed-cache.ts";
import type { PopularityKeeper } from "./popularity-keeper.ts";
import type { ServingObserver } from "./ports.ts";
import type { DegradeCause } from "./recommender.ts";

/** With less than this share of the deadline left a request makes do with what is in memory. */
const REDUCED_SHARE = 0.4;

export type Operation = Parameters<ServingObserver["late"]>[1];

/** Of a deadline of 250 ms: 40 for features, 60 for candidates. */
const STAGE_SHARE: Readonly<Record<Operation, number>> = {
  feature_fetch: 40 / 250,
  database_query: 60 / 250,
};

export class RequestReads {
  readonly #deadline: Deadline;
  readonly #onLate: (operation: Operation) => void;
  #cause: DegradeCause | null = null;

  constructor(deadline: Deadline, onLate: (operation: Operation) => void) {
    this.#deadline = deadline;
    this.#onLate = onLate;
  }

  /** Why the request had to go on without something; null when it had everything. */
  get cause(): DegradeCause | null {
    return this.#cause;
  }

  /** False once it is too late to go on with long work; the answer then says so. */
  hasTime(): boolean {
    if (!this.#deadline.expired) return true;
    this.#cause ??= "timeout";
    return false;
  }

  /** What `cache` may serve for each key, read where needed; the last known value, or undefined, after a failure. */
  values<V>(
    cache: KeyedCache<V>,
    keys: readonly string[],
    operation: Operation,
  ): MaybePromise<readonly (V | undefined)[]> {
    const found = keys.map((key) => cache.get(key));
    return found.includes(undefined) ? this.#fill(cache, keys, found, operation) : found;
  }

  /** As `values` of two caches for one key, in one stage. */
  pair<V, W>(
    first: KeyedCache<V>,
    second: KeyedCache<W>,
    key: string,
    operation: Operation,
  ): MaybePromise<readonly [V | undefined, W | undefined]> {
    const one = first.get(key);
    const other = second.get(key);
    if (one !== undefined && other !== undefined) return [one, other];
    const fill = () =>
      Promise.all([
        one === undefined ? first.fill([key]) : null,
        other === undefined ? second.fill([key]) : null,
      ]);
    return this.within(operation, fill).then((read) => [
      one ?? read?.[0]?.get(key) ?? first.stale(key),
      other ?? read?.[1]?.get(key) ?? second.stale(key),
    ]);
  }

  /** Whether the popular list is known, once it was read where it was not. */
  knows(popularity: PopularityKeeper): MaybePromise<boolean> {
    if (popularity.isLoaded) return true;
    return this.within("database_query", () => popularity.loaded()).then(() => popularity.isLoaded);
  }

  /** What `read` resolves with, or null when it fails, is late, or there is no time to begin. */
  async within<T>(operation: Operation, read: () => Promise<T>): Promise<T | null> {
    const deadline = this.#deadline;
    if (deadline.expired || deadline.remainingMs() < REDUCED_SHARE * deadline.budgetMs) {
      this.#cause ??= "timeout";
      return null;
    }
    const stage = deadline.capped(STAGE_SHARE[operation] * deadline.budgetMs);
    try {
      const value = await stage.race(read());
      // A value that came late is late, even if the blocked loop saw it before the timer.
      if (stage.remainingMs() > 0) return value;
      this.#late(operation);
    } catch (error) {
      const cause = degradeCause(error);
      if (cause === "timeout") this.#late(operation);
      this.#cause ??= cause;
    }
    return null;
  }

  async #fill<V>(
    cache: KeyedCache<V>,
    keys: readonly string[],
    found: readonly (V | undefined)[],
    operation: Operation,
  ): Promise<(V | undefined)[]> {
    const missing = new Set(keys.filter((_, place) => found[place] === undefined));
    const read = await this.within(operation, () => cache.fill([...missing]));
    return keys.map((key, place) => found[place] ?? read?.get(key) ?? cache.stale(key));
  }

  #late(operation: Operation): void {
    this.#cause ??= "timeout";
    this.#onLate(operation);
  }
}
