/** An online cache in front of a store that a test fills, holds up and counts; and checks that each cache must pass. */

import { expect } from "bun:test";
import { createIngestService } from "../../src/actors/http-ingest.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { FeatureChange, IngestStore } from "../../src/events/ports.ts";
import { BaselineState } from "../../src/recommend/baseline-state.ts";
import type { FeatureReader, SharedCache } from "../../src/recommend/ports.ts";
import { RELATED_LIMIT } from "../../src/recommend/related-list.ts";
import { SharedInvalidation } from "../../src/recommend/shared-invalidation.ts";
import { shareReads } from "../../src/recommend/shared-reader.ts";
import { StreamState } from "../../src/recommend/stream-state.ts";
import { eventually } from "./eventually.ts";
import { type FakeReader, fakeReader, watched } from "./fake-feature-reader.ts";
import { aDirectEvent, planOf } from "./plans.ts";
import { servingSettings } from "./serving-settings.ts";
import { aChange, openTestCache, type TestCache } from "./shared-caches.ts";

type Lists = ReadonlyMap<string, readonly string[]>;

export interface CacheUnderTest extends AsyncDisposable {
  readonly fake: FakeReader;
  /** Item ids of each user's history, oldest first. */
  history(...userIds: string[]): Promise<Lists>;
  seen(...userIds: string[]): Promise<Lists>;
  /** `item=score` of each item, best first. */
  related(...itemIds: string[]): Promise<Lists>;
  committed(change: FeatureChange): void;
  /** Resolves once what was read so far is kept, or refused. */
  settled(): Promise<void>;
  /** Store reads stop once they know their answer, until they are let go. */
  hold(): { readonly reached: Promise<void>; release(): void };
}

/** Entries live this long in the caches under test. */
export const LIFE_MS = 1_000;
const settings = servingSettings({ historyTtlMs: LIFE_MS, relatedTtlMs: LIFE_MS, readTimeoutMs: 5_000 });
const soon = () => Deadline.after(5_000);

/** The memory of one worker. */
export function memoryUnderTest(): CacheUnderTest {
  const { fake, reader, hold } = heldReader();
  const baseline = new BaselineState(reader, settings, systemClock);
  const stream = new StreamState(reader, settings, systemClock);
  const namesOf = (slots: Int32Array, nameOf: (slot: number) => string) => Array.from(slots, nameOf);
  type Cache<V> = { get(key: string): V | undefined; fill(keys: string[]): Promise<ReadonlyMap<string, V>> };
  async function read<V>(cache: Cache<V>, keys: readonly string[], show: (value: V) => string[]) {
    const found = keys.map((key) => cache.get(key));
    const missing = keys.filter((_, place) => found[place] === undefined);
    const filled = missing.length > 0 ? await cache.fill(missing) : new Map<string, V>();
    return new Map(keys.map((key, place) => [key, show((found[place] ?? filled.get(key)) as V)]));
  }
  return {
    fake,
    hold,
    history: (...ids) => read(baseline.histories, ids, (entries) => entries.map(({ itemId }) => itemId)),
    seen: (...ids) =>
      read(stream.profiles, ids, ({ slots, table }) => namesOf(slots, (slot) => table.nameOf(slot))),
    related: (...ids) =>
      read(baseline.related, ids, ({ slots, counts, table }) =>
        Array.from(slots, (slot, place) => `${table.nameOf(slot)}=${counts[place]}`),
      ),
    committed(change) {
      baseline.apply(change);
      stream.apply(change);
    },
    settled: async () => {},
    async [Symbol.asyncDispose]() {
      baseline[Symbol.dispose]();
      stream[Symbol.dispose]();
    },
  };
}

/** Redis alone, without a worker's memory in front. `wrap` breaks it on purpose. */
export async function redisUnderTest(
  url: string,
  wrap: (cache: SharedCache) => SharedCache = (cache) => cache,
): Promise<CacheUnderTest & TestCache> {
  const { fake, reader, hold } = heldReader();
  const test = await openTestCache(url);
  let offered = 0;
  const wrapped = wrap(test.cache);
  const cache: SharedCache = {
    lookUp: (keys, deadline) => wrapped.lookUp(keys, deadline),
    fill(stamp, entries) {
      offered += entries.length;
      wrapped.fill(stamp, entries);
    },
    invalidate: (keys, change) => wrapped.invalidate(keys, change),
  };
  const shared = shareReads({ store: reader, cache, clock: systemClock, settings }).reader;
  const invalidation = new SharedInvalidation(cache, systemClock);
  return {
    ...test,
    fake,
    hold,
    async history(...ids) {
      const read = await shared.histories(ids, 20, soon());
      return new Map(ids.map((id) => [id, read.get(id)?.map(({ itemId }) => itemId) ?? []]));
    },
    async seen(...ids) {
      const read = await shared.recentEvents(ids, settings.seenMax, soon());
      return new Map(ids.map((id) => [id, read.get(id)?.itemIds ?? []]));
    },
    async related(...ids) {
      const read = await shared.related(ids, RELATED_LIMIT, soon());
      return new Map(
        ids.map((id) => [id, read.get(id)?.map(({ itemId, score }) => `${itemId}=${score}`) ?? []]),
      );
    },
    committed: (change) => invalidation.apply(change),
    settled: () =>
      eventually(() => {
        expect(test.counts.filter((count) => count.startsWith("set "))).toHaveLength(offered);
      }),
    async [Symbol.asyncDispose]() {
      invalidation[Symbol.dispose]();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** A read that began before a commit and ends after it is not kept. */
export async function checkStaleFillRefused(under: CacheUnderTest): Promise<void> {
  const { fake } = under;
  fake.store.history.set("u-slow", watched("old"));
  const held = under.hold();
  const slow = under.history("u-slow");
  await held.reached;
  fake.store.history.set("u-slow", watched("old", "new"));
  under.committed(aChange({ userIds: ["u-slow"] }));
  await eventually(() => expectKnown(under));
  held.release();
  await slow;
  await under.settled();
  expect((await under.history("u-slow")).get("u-slow")).toEqual(["old", "new"]);
}

/** Readers come until the last moment before the commit; who comes after it finds what was committed. */
export async function checkCommitSeen(
  under: CacheUnderTest,
  wire: (store: IngestStore) => { store: IngestStore; onApplied: (change: FeatureChange) => void } = (
    store,
  ) => ({ store, onApplied: (change) => under.committed(change) }),
): Promise<void> {
  const change = aChange({ userIds: ["u-1"] });
  under.fake.store.history.set("u-1", watched("old"));
  const store: IngestStore = {
    async accept() {
      await under.history("u-1");
      await under.settled();
      under.fake.store.history.set("u-1", watched("old", "new"));
      return { outcomes: ["accepted"], changed: change };
    },
  };
  await using service = createIngestService({
    ...wire(store),
    clock: systemClock,
    onWatches: () => {},
    onOutbox: () => {},
  });
  await service.accept([planOf(aDirectEvent({ userId: "u-1" }))], soon());
  await eventually(() => expectKnown(under));
  expect((await under.history("u-1")).get("u-1")).toEqual(["old", "new"]);
}

/** The last invalidation has arrived. */
function expectKnown(under: CacheUnderTest): void {
  const { counts } = under as Partial<TestCache>;
  if (counts) expect(counts).toContain("delete done");
}

function heldReader() {
  const fake = fakeReader(systemClock);
  let held: { reached: PromiseWithResolvers<void>; go: PromiseWithResolvers<void> } | null = null;
  const reader: FeatureReader = {
    ...fake.reader,
    async histories(...args) {
      const answer = await fake.reader.histories(...args);
      held?.reached.resolve();
      await held?.go.promise;
      return answer;
    },
  };
  const hold = () => {
    const now = { reached: Promise.withResolvers<void>(), go: Promise.withResolvers<void>() };
    held = now;
    return {
      reached: now.reached.promise,
      release() {
        held = null;
        now.go.resolve();
      },
    };
  };
  return { fake, reader, hold };
}
