/** A feature store in memory that can be made to hang, crawl or fail, and counts its reads. */

import type { Clock } from "../../src/core/clock.ts";
import type {
  Attributes,
  CatalogCardRow,
  DecayedItem,
  FeatureReader,
  HistoryEntry,
  ItemNewness,
  Neighbours,
  ScoredItem,
  UserEvents,
} from "../../src/recommend/ports.ts";

export type Mood =
  | { readonly kind: "well" }
  | { readonly kind: "slow"; readonly delayMs: number }
  | { readonly kind: "frozen" }
  | { readonly kind: "failing"; readonly error: Error };

/** Views, where no weights are said. */
export type FakeEvents = Omit<UserEvents, "weights"> & Partial<UserEvents>;

export interface FakeStore {
  readonly history: Map<string, HistoryEntry[]>;
  readonly related: Map<string, ScoredItem[]>;
  readonly neighbours: Map<string, Neighbours>;
  readonly recent: Map<string, FakeEvents>;
  popularity: ScoredItem[];
  /** Highest first. */
  decayed: DecayedItem[];
  readonly titles: Map<string, string | null>;
  readonly hiddenItems: Set<string>;
  readonly hiddenByUsers: Map<string, readonly string[]>;
  readonly cards: Map<string, CatalogCardRow>;
  /** Of items that are not grown up. */
  readonly newness: Map<string, ItemNewness>;
  readonly userAttributes: Map<string, Attributes>;
  mood: Mood;
}

export type ReadName = keyof FeatureReader;

export interface FakeReader {
  readonly reader: FeatureReader;
  readonly store: FakeStore;
  /** Every read asked for, oldest first, with its arguments but for the deadline. */
  readonly reads: { readonly name: ReadName; readonly args: readonly unknown[] }[];
  count(name: ReadName): number;
}

export const items = (scores: Record<string, number>): ScoredItem[] =>
  Object.entries(scores)
    .map(([itemId, score]) => ({ itemId, score }))
    .sort((a, b) => b.score - a.score);

export const watched = (...itemIds: string[]): HistoryEntry[] =>
  itemIds.map((itemId, place) => ({ itemId, tsMs: 1_000 * (place + 1) }));

/** What a read answers is taken from the store when the read begins, as a statement's snapshot is. */
export function fakeReader(clock: Clock, contents: Partial<FakeStore> = {}): FakeReader {
  const store: FakeStore = {
    history: new Map(),
    related: new Map(),
    neighbours: new Map(),
    recent: new Map(),
    popularity: [],
    decayed: [],
    titles: new Map(),
    hiddenItems: new Set(),
    hiddenByUsers: new Map(),
    cards: new Map(),
    newness: new Map(),
    userAttributes: new Map(),
    mood: { kind: "well" },
    ...contents,
  };
  const reads: FakeReader["reads"] = [];
  const read = async <T>(name: ReadName, args: readonly unknown[], answer: () => T): Promise<T> => {
    reads.push({ name, args });
    const value = answer();
    const { mood } = store;
    if (mood.kind === "failing") throw mood.error;
    if (mood.kind === "frozen") return new Promise(() => {});
    if (mood.kind === "slow") await clock.sleep(mood.delayMs);
    return value;
  };
  const ofIds = <T extends ScoredItem>(scored: readonly T[], itemIds: readonly string[]) =>
    scored.filter((item) => itemIds.includes(item.itemId));
  const entries = <T>(ids: readonly string[], entry: (id: string) => T) =>
    new Map(ids.map((id) => [id, entry(id)]));
  return {
    store,
    reads,
    count: (name) => reads.filter((made) => made.name === name).length,
    reader: {
      popularity: (limit) => read("popularity", [limit], () => store.popularity.slice(0, limit)),
      popularityOf: (itemIds) => read("popularityOf", [itemIds], () => ofIds(store.popularity, itemIds)),
      related: (itemIds, limit) =>
        read("related", [itemIds, limit], () =>
          entries(itemIds, (itemId) => (store.related.get(itemId) ?? []).slice(0, limit)),
        ),
      neighbours: (itemIds, limit) =>
        read("neighbours", [itemIds, limit], () =>
          entries(itemIds, (itemId) => store.neighbours.get(itemId) ?? { totalWeight: 0, items: [] }),
        ),
      histories: (userIds, limit) =>
        read("histories", [userIds, limit], () =>
          entries(userIds, (userId) => (store.history.get(userId) ?? []).slice(-limit)),
        ),
      recentEvents: (userIds, limit) =>
        read("recentEvents", [userIds, limit], () =>
          entries(userIds, (userId) => newest(store.recent.get(userId), limit)),
        ),
      decayedPopularity: (limit) => read("decayedPopularity", [limit], () => store.decayed.slice(0, limit)),
      decayedPopularityOf: (itemIds) =>
        read("decayedPopularityOf", [itemIds], () => ofIds(store.decayed, itemIds)),
      hiddenItems: (after, limit) =>
        read("hiddenItems", [after, limit], () =>
          [...store.hiddenItems]
            .sort()
            .filter((itemId) => itemId > (after ?? ""))
            .slice(0, limit),
        ),
      visibilityChanges: (windowMs) =>
        read("visibilityChanges", [windowMs], () => ({
          hidden: [...store.hiddenItems],
          shown: [...store.titles.keys()].filter((itemId) => !store.hiddenItems.has(itemId)),
          isComplete: true,
          users: Array.from(store.hiddenByUsers.keys(), (userId) => ({ userId, atMs: 0 })),
        })),
      hiddenByUsers: (userIds) =>
        read("hiddenByUsers", [userIds], () =>
          entries(userIds, (userId) => store.hiddenByUsers.get(userId) ?? []),
        ),
      cardVersions: (after, limit) =>
        read("cardVersions", [after, limit], () =>
          [...store.cards.keys()]
            .sort()
            .filter((itemId) => itemId > (after ?? ""))
            .slice(0, limit)
            .map(versionOf(store)),
        ),
      changedCards: (windowMs, limit) =>
        read("changedCards", [windowMs, limit], () =>
          [...store.cards.keys()].slice(-limit).map(versionOf(store)),
        ),
      cards: (itemIds) =>
        read("cards", [itemIds], () => itemIds.flatMap((itemId) => store.cards.get(itemId) ?? [])),
      newness: (itemIds, most) =>
        read("newness", [itemIds, most], () =>
          entries(
            itemIds.filter((itemId) => store.cards.has(itemId)),
            (itemId) => store.newness.get(itemId) ?? { createdAtMs: 0, interactions: most },
          ),
        ),
      userAttributes: (userIds) =>
        read("userAttributes", [userIds], () =>
          entries(userIds, (userId) => store.userAttributes.get(userId) ?? {}),
        ),
      items: (itemIds) =>
        read("items", [itemIds], () =>
          itemIds
            .filter((itemId) => store.titles.has(itemId))
            .map((itemId) => ({ itemId, title: store.titles.get(itemId) ?? null, hidden: false })),
        ),
    },
  };
}

const versionOf = (store: FakeStore) => (itemId: string) => ({
  itemId,
  version: store.cards.get(itemId)?.version ?? 0,
});

const newest = (
  { itemIds, tsMs, weights = itemIds.map(() => 1) }: FakeEvents = { itemIds: [], tsMs: [] },
  limit: number,
): UserEvents => ({
  itemIds: itemIds.slice(-limit),
  tsMs: tsMs.slice(-limit),
  weights: weights.slice(-limit),
});
