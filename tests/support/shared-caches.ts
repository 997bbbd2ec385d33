/** The shared cache on a test's Redis, and what it was seen to count. */

import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { FeatureChange } from "../../src/events/ports.ts";
import { RedisCache, type RedisCacheObserver } from "../../src/stores/redis/shared-cache.ts";
import { eventually } from "./eventually.ts";

export interface TestCache extends AsyncDisposable {
  readonly cache: RedisCache;
  /** `operation outcome`, each as often as it was counted. */
  readonly counts: string[];
  /** `up` or the reason, once a change. */
  readonly connections: string[];
  readonly breaker: string[];
  lates(): number;
}

export async function openTestCache(url: string, timeoutMs = 1_000): Promise<TestCache> {
  const counts: string[] = [];
  const connections: string[] = [];
  const breaker: string[] = [];
  let lates = 0;
  const observer: RedisCacheObserver = {
    moved: (to) => void breaker.push(to),
    failed: () => {},
    counted: (operation, outcome) => void counts.push(`${operation} ${outcome}`),
    late: () => void lates++,
    connection: (state) => void connections.push(state === "up" ? "up" : "down"),
  };
  const cache = new RedisCache({ url, timeoutMs, clock: systemClock, random: systemRandom, observer });
  await cache.tried;
  return {
    cache,
    counts,
    connections,
    breaker,
    lates: () => lates,
    [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
  };
}

/** Resolves once the cache is connected, or is not. */
export const connected = (cache: RedisCache, isUp = true) =>
  eventually(() => {
    if (cache.status().isUp !== isUp) throw new Error(`connected is ${!isUp}`);
  });

/** A change of these users and related items alone. */
export const aChange = (over: Partial<FeatureChange> = {}): FeatureChange => ({
  userIds: [],
  itemIds: [],
  relatedItemIds: [],
  ruleItemIds: [],
  eventIds: [],
  ...over,
});
