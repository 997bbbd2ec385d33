/** A shared cache that keeps everything it is given and writes down what it was asked: for tests without Redis. */

import type { FeatureChange } from "../../src/events/ports.ts";
import type { SharedCache } from "../../src/recommend/ports.ts";

export interface FakeSharedCache extends SharedCache {
  readonly texts: Map<string, string>;
  readonly lookUps: (readonly string[])[];
  readonly invalidated: { readonly keys: readonly string[]; readonly change: FeatureChange }[];
  /** True: look-ups are misses without a stamp, as of a cache that is away. */
  isAway: boolean;
}

export function fakeSharedCache(): FakeSharedCache {
  const cache: FakeSharedCache = {
    texts: new Map(),
    lookUps: [],
    invalidated: [],
    isAway: false,
    async lookUp(keys) {
      cache.lookUps.push(keys);
      return cache.isAway ? null : { stamp: "1", texts: keys.map((key) => cache.texts.get(key) ?? null) };
    },
    fill(_stamp, entries) {
      for (const { key, text } of entries) cache.texts.set(key, text);
    },
    invalidate(keys, change) {
      for (const key of keys) cache.texts.delete(key);
      cache.invalidated.push({ keys, change });
    },
  };
  return cache;
}
