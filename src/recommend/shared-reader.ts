/** Reads through the cache that nodes share: a key it holds costs no statement, what it lacks is filled in. */

import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import type { FeatureChange } from "../events/ports.ts";
import { Doubts } from "./doubts.ts";
import { POPULARITY_CAPACITY } from "./popularity-index.ts";
import type { FeatureReader, SharedCache } from "./ports.ts";
import { RELATED_LIMIT } from "./related-list.ts";
import type { ServingSettings } from "./serving-settings.ts";
import {
  historyKeys,
  historyTexts,
  POPULARITY_KEY,
  readHistory,
  readScores,
  readSeen,
  relatedKeys,
  scoreTexts,
  seenKeys,
  seenTexts,
} from "./shared-keys.ts";

export interface SharedReaderOptions {
  readonly store: FeatureReader;
  readonly cache: SharedCache;
  readonly clock: Clock;
  readonly settings: Pick<
    ServingSettings,
    "historyTtlMs" | "relatedTtlMs" | "popularityTtlMs" | "readTimeoutMs"
  >;
}

export interface SharedReader {
  readonly reader: FeatureReader;
  /** A commit, of which the cache may not know yet, made entries old: they are not used until they have ended. */
  doubt(change: FeatureChange): void;
}

interface Kind<V> {
  /** Under which name an id is in doubt. */
  readonly name: (id: string) => string;
  readonly keys: (id: string) => readonly string[];
  readonly texts: (value: V) => readonly string[];
  /** Null when the texts are not such a value. */
  readonly read: (texts: readonly string[]) => V | null;
  readonly ttlMs: number;
}

const MAX_DOUBTS = 200_000;
const ofUser = (userId: string) => `user ${userId}`;
const ofItem = (itemId: string) => `item ${itemId}`;

/** Everything else, and every look-up that fails, goes to the store as if there were no cache. */
export function shareReads({ store, cache, clock, settings }: SharedReaderOptions): SharedReader {
  const lifeMs = Math.max(settings.historyTtlMs, settings.relatedTtlMs) + settings.readTimeoutMs;
  const doubts = new Doubts({ clock, lifeMs, maxNames: MAX_DOUBTS });
  const histories = {
    name: ofUser,
    keys: historyKeys,
    texts: historyTexts,
    read: readHistory,
    ttlMs: settings.historyTtlMs,
  };
  const seen = {
    name: ofUser,
    keys: seenKeys,
    texts: seenTexts,
    read: readSeen,
    ttlMs: settings.historyTtlMs,
  };
  const related = {
    name: ofItem,
    keys: relatedKeys,
    texts: scoreTexts,
    read: readScores,
    ttlMs: settings.relatedTtlMs,
  };
  const popularity = {
    name: () => POPULARITY_KEY,
    keys: () => [POPULARITY_KEY],
    texts: scoreTexts,
    read: readScores,
    ttlMs: settings.popularityTtlMs,
  };

  async function through<V>(
    kind: Kind<V>,
    ids: readonly string[],
    deadline: Deadline,
    readStore: (ids: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  ): Promise<ReadonlyMap<string, V>> {
    const trusted = ids.filter((id) => !doubts.has(kind.name(id)));
    const keys = trusted.flatMap(kind.keys);
    const looked = keys.length > 0 ? await cache.lookUp(keys, deadline) : null;
    if (looked === null) return readStore(ids);
    const found = new Map<string, V>();
    let place = 0;
    for (const id of trusted) {
      const texts = looked.texts.slice(place, place + kind.keys(id).length);
      place += texts.length;
      const value = texts.every((text) => text !== null) ? kind.read(texts) : null;
      if (value !== null) found.set(id, value);
    }
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length === 0) return found;
    const read = await readStore(missing);
    cache.fill(
      looked.stamp,
      trusted.flatMap((id) => entriesOf(kind, id, read.get(id))),
    );
    return new Map([...found, ...read]);
  }

  return {
    reader: {
      ...store,
      popularity: async (limit, deadline) => {
        if (limit !== POPULARITY_CAPACITY) return store.popularity(limit, deadline);
        const read = async () => new Map([["", await store.popularity(limit, deadline)]]);
        return (await through(popularity, [""], deadline, read)).get("") ?? [];
      },
      related: (itemIds, limit, deadline) => {
        const read = (ids: readonly string[]) => store.related(ids, limit, deadline);
        return limit === RELATED_LIMIT ? through(related, itemIds, deadline, read) : read(itemIds);
      },
      histories: (userIds, limit, deadline) =>
        through(histories, userIds, deadline, (ids) => store.histories(ids, limit, deadline)),
      recentEvents: (userIds, limit, deadline) =>
        through(seen, userIds, deadline, (ids) => store.recentEvents(ids, limit, deadline)),
    },
    doubt: ({ userIds, relatedItemIds }) =>
      doubts.add([...userIds.map(ofUser), ...relatedItemIds.map(ofItem)]),
  };
}

function entriesOf<V>(kind: Kind<V>, id: string, value: V | undefined) {
  if (value === undefined) return [];
  const texts = kind.texts(value);
  return kind.keys(id).map((key, place) => ({ key, text: texts[place] as string, ttlMs: kind.ttlMs }));
}
