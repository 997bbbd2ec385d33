/** How a worker's memory is bounded and how long it lasts. */

import type { Clock } from "../core/clock.ts";
import { KeyedCache, type KeyedCacheOptions } from "./keyed-cache.ts";
import type { BuiltinVersion } from "./recommender.ts";

export interface ServingSettings {
  /** Whose popular list is loaded first, kept on disk, and answered when all else fails. */
  readonly policy: BuiltinVersion | "trained";
  readonly cacheEnabled: boolean;
  /** Over all kinds of entries together. */
  readonly maxKeys: number;
  readonly historyTtlMs: number;
  readonly relatedTtlMs: number;
  readonly popularityTtlMs: number;
  /** Newest events of a user that count as seen. */
  readonly seenMax: number;
  /** How long a user's ranked list may be answered again while the profile stays the same; 0: never. */
  readonly rankedListTtlMs: number;
  /** How long a read may go on for the cache after its request stopped waiting. */
  readonly readTimeoutMs: number;
}

type CacheKind<V> = Omit<KeyedCacheOptions<V>, "clock" | "maxKeys" | "enabled">;

/** Users come back often enough to be read many at a time before their entries end. */
export const USERS_AHEAD = { when: "ahead", weightOf: () => 0 } as const;
/** Of one load, which must end well within its deadline: a user or title takes microseconds. */
export const USERS_PER_LOAD = 500;
export const TITLES_PER_LOAD = 500;
/** The list of a popular item takes milliseconds. */
export const LISTS_PER_LOAD = 20;

/** Of values that callers fill as they like: characters of their JSON that one cache holds. */
const MAX_JSON_LENGTH = 64 * 1_048_576;
export const jsonLimit = {
  maxSize: MAX_JSON_LENGTH,
  sizeOf: (value: object): number => JSON.stringify(value).length,
} as const;

/** Half of all keys are for users; items of two kinds and titles share the rest. */
const USER_SHARE = 1 / 2;
const ITEM_SHARE = 1 / 6;

export const userCache = <V>(settings: ServingSettings, clock: Clock, kind: CacheKind<V>) =>
  cache(settings, clock, kind, USER_SHARE);

export const itemCache = <V>(settings: ServingSettings, clock: Clock, kind: CacheKind<V>) =>
  cache(settings, clock, kind, ITEM_SHARE);

function cache<V>(settings: ServingSettings, clock: Clock, kind: CacheKind<V>, share: number): KeyedCache<V> {
  return new KeyedCache({
    ...kind,
    clock,
    maxKeys: Math.floor(settings.maxKeys * share),
    enabled: settings.cacheEnabled,
  });
}
