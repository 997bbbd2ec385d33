/** What a serving cache promises about freshness, shared reads and bounds. */

import { describe, expect, test } from "bun:test";
import { KeyedCache, type KeyedCacheOptions } from "../../../src/recommend/keyed-cache.ts";
import { manualClock, settled } from "../../support/manual-clock.ts";

const RENEWAL = { when: "behind", weightOf: (value: number) => value } as const;

/** A cache over `rows` whose loads wait until the test releases them, when `held` is true. */
function setUp(options: Partial<KeyedCacheOptions<number>> & { held?: boolean } = {}) {
  const clock = manualClock();
  const rows = new Map([["a", 1]]);
  const loads: string[][] = [];
  const releases: (() => void)[] = [];
  const load = async (keys: readonly string[]) => {
    loads.push([...keys]);
    const seen = new Map(keys.flatMap((key) => (rows.has(key) ? [[key, rows.get(key) as number]] : [])));
    if (options.held) await new Promise<void>((resolve) => releases.push(resolve));
    return seen as ReadonlyMap<string, number>;
  };
  const cache = new KeyedCache<number>({
    load,
    clock,
    maxKeys: 100,
    maxLoad: 20,
    ttlMs: 1_000,

    enabled: true,
    ...options,
  });
  return { cache, clock, rows, loads, releases };
}

describe("keyed cache", () => {
  test("a hundred callers that miss together make one read", async () => {
    const { cache, loads, releases } = setUp({ held: true });
    const callers = Array.from({ length: 100 }, () => cache.fill(["a"]));
    releases[0]?.();
    const answers = await Promise.all(callers);
    expect(answers.map((answer) => answer.get("a"))).toEqual(Array(100).fill(1));
    expect(loads).toEqual([["a"]]);
  });

  test("reads only the keys that are not already on their way", async () => {
    const { cache, rows, loads, releases } = setUp({ held: true });
    rows.set("b", 2);
    const first = cache.fill(["a"]);
    const second = cache.fill(["a", "b"]);
    for (const release of releases) release();
    expect((await first).get("a")).toBe(1);
    expect([...(await second)]).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    expect(loads).toEqual([["a"], ["b"]]);
  });

  test("a read that began before an invalidation does not fill the cache", async () => {
    const { cache, rows, releases } = setUp({ held: true });
    const old = cache.fill(["a"]);
    rows.set("a", 2);
    cache.invalidate("a");
    releases[0]?.();
    await old;
    await settled();
    expect(cache.get("a")).toBeUndefined();
    expect(cache.stale("a")).toBeUndefined();
  });

  test("after an invalidation the next caller gets the new value, even while an old read is on its way", async () => {
    const { cache, rows, releases } = setUp({ held: true });
    const old = cache.fill(["a"]);
    rows.set("a", 2);
    cache.invalidate("a");
    const fresh = cache.fill(["a"]);
    releases[1]?.();
    expect((await fresh).get("a")).toBe(2);
    releases[0]?.();
    await old;
    await settled();
    expect(cache.get("a")).toBe(2);
  });

  test("an old read that ends does not take the newer one from later callers", async () => {
    const { cache, loads, releases } = setUp({ held: true });
    const old = cache.fill(["a"]);
    cache.invalidate("a");
    const newer = cache.fill(["a"]);
    releases[0]?.();
    await old;
    await settled();
    const later = cache.fill(["a"]);
    releases[1]?.();
    await Promise.all([newer, later]);
    expect(loads).toHaveLength(2);
  });

  test("a value is served until its time to live ends", async () => {
    const { cache, clock } = setUp();
    await cache.fill(["a"]);
    await clock.advance(999);
    expect(cache.get("a")).toBe(1);
    await clock.advance(1);
    expect(cache.get("a")).toBeUndefined();
    expect(cache.stale("a")).toBe(1);
  });

  test("serves an old value while one read renews it", async () => {
    const { cache, clock, rows, loads } = setUp({ renewal: RENEWAL });
    await cache.fill(["a"]);
    await clock.advance(1_000);
    rows.set("a", 2);
    expect([cache.get("a"), cache.get("a")]).toEqual([1, 1]);
    await clock.advance(100);
    expect(cache.get("a")).toBe(2);
    expect(loads).toEqual([["a"], ["a"]]);
  });

  test("renewals of one interval are read together, however often their keys are asked for", async () => {
    const { cache, clock, rows, loads } = setUp({ renewal: RENEWAL });
    rows.set("b", 1);
    await cache.fill(["a", "b"]);
    for (let turn = 1; turn <= 5; turn++) {
      rows.set("a", turn);
      cache.invalidate("a");
      cache.invalidate("b");
      cache.get("a");
      cache.get("b");
      await clock.advance(20);
    }
    await clock.advance(100);
    expect(loads).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(cache.get("a")).toBe(5);
  });

  test("a renewal that an invalidation overtook is served, and renewed again", async () => {
    const { cache, clock, rows, loads, releases } = setUp({ renewal: RENEWAL, held: true });
    const first = cache.fill(["a"]);
    releases[0]?.();
    await first;
    await clock.advance(1_000);
    rows.set("a", 2);
    cache.get("a");
    await clock.advance(100);
    rows.set("a", 3);
    cache.invalidate("a");
    releases[1]?.();
    await settled();
    expect(cache.get("a")).toBe(2);
    await clock.advance(100);
    releases[2]?.();
    await settled();
    expect(cache.get("a")).toBe(3);
    expect(loads.length).toBe(3);
  });

  test("a load that gathered keys holds no more than one load may", async () => {
    const { cache, rows, loads, releases } = setUp({ held: true, maxLoad: 2 });
    for (const key of ["b", "c", "d", "e"]) rows.set(key, 2);
    const callers = ["a", "b", "c", "d", "e"].map((key) => cache.fill([key]));
    for (let load = 0; load < 4; load++) {
      releases[load]?.();
      await settled();
    }
    await Promise.all(callers);
    expect(loads).toEqual([["a"], ["b"], ["c", "d"], ["e"]]);
  });

  test("renews what changed most for its weight first, and pauses nine times as long as a read takes", async () => {
    const { cache, clock, rows, loads, releases } = setUp({
      renewal: RENEWAL,
      maxLoad: 1,
      held: true,
    });
    rows.set("a", 1_000);
    rows.set("b", 1);
    const first = cache.fill(["a"]);
    const second = cache.fill(["b"]);
    for (const release of releases) release();
    await Promise.all([first, second]);
    const change = () => {
      for (const key of ["a", "a", "b"]) cache.invalidate(key);
      cache.get("a");
      cache.get("b");
    };
    change();
    await clock.advance(100);
    await clock.advance(200); // The read takes this long.
    releases[2]?.();
    await settled();
    change();
    await clock.advance(1_799);
    expect(loads).toEqual([["a"], ["b"], ["b"]]);
    await clock.advance(1);
    expect(loads).toEqual([["a"], ["b"], ["b"], ["b"]]);
  });

  test("entries in use are read again before they end, all in one read, and are fresh meanwhile", async () => {
    const ahead = { when: "ahead", weightOf: () => 0 } as const;
    const { cache, clock, rows, loads } = setUp({ renewal: ahead });
    for (const key of ["b", "unused"]) rows.set(key, 1);
    await cache.fill(["a", "b", "unused"]);
    await clock.advance(499);
    cache.get("a");
    await clock.advance(100);
    expect(loads.length).toBe(1);
    rows.set("a", 2);
    expect([cache.get("a"), cache.get("b")]).toEqual([1, 1]);
    await clock.advance(100);
    expect(loads).toEqual([
      ["a", "b", "unused"],
      ["a", "b"],
    ]);
    await clock.advance(900);
    expect([cache.get("a"), cache.get("unused")]).toEqual([2, undefined]);
    cache.invalidate("a");
    expect(cache.get("a")).toBeUndefined();
  });

  test("without renewals it never serves an invalidated value, but keeps it for callers without a store", async () => {
    const { cache } = setUp();
    await cache.fill(["a"]);
    cache.invalidate("a");
    expect(cache.get("a")).toBeUndefined();
    expect(cache.stale("a")).toBe(1);
  });

  test("keys that are missed while reads are under way are read together", async () => {
    const { cache, rows, loads, releases } = setUp({ held: true });
    for (const key of ["b", "c", "d", "e"]) rows.set(key, 2);
    const callers = ["a", "b", "c", "d", "e"].map((key) => cache.fill([key]));
    releases[0]?.();
    await settled();
    for (const release of releases) release();
    expect((await Promise.all(callers)).map((answer, place) => answer.get("abcde"[place] as string))).toEqual(
      [1, 2, 2, 2, 2],
    );
    expect(loads).toEqual([["a"], ["b"], ["c", "d", "e"]]);
  });

  test("a failed read reaches its callers, is counted, and does not stop the next one", async () => {
    let broken = true;
    const { cache } = setUp({
      load: async (keys) => {
        if (broken) throw new TypeError("no store");
        return new Map(keys.map((key) => [key, 7]));
      },
    });
    await expect(cache.fill(["a"])).rejects.toThrow("no store");
    expect(cache.statistics()).toMatchObject({ errors: 1, lastError: "TypeError: no store" });
    broken = false;
    await settled();
    expect((await cache.fill(["a"])).get("a")).toBe(7);
  });

  test("holds no more than its bound", async () => {
    const { cache, rows } = setUp({ maxKeys: 10 });
    for (let key = 0; key < 50; key++) {
      rows.set(String(key), key);
      await cache.fill([String(key)]);
    }
    await settled();
    expect(cache.statistics().size).toBe(10);
    expect(cache.get("49")).toBe(49);
  });

  test("refuses callers when too many reads are under way", async () => {
    const { cache } = setUp({ held: true });
    void cache.fill(Array.from({ length: 5_000 }, (_, key) => String(key)));
    await expect(cache.fill(["one more"])).rejects.toThrow("too many reads");
  });

  test("keeps nothing when disabled", async () => {
    const { cache } = setUp({ enabled: false });
    expect((await cache.fill(["a"])).get("a")).toBe(1);
    await settled();
    expect(cache.get("a")).toBeUndefined();
    expect(cache.statistics()).toMatchObject({ hits: 0, misses: 1, size: 0 });
  });

  test("counts hits and misses", async () => {
    const { cache } = setUp();
    cache.get("a");
    await cache.fill(["a"]);
    cache.get("a");
    cache.get("a");
    expect(cache.statistics()).toMatchObject({ hits: 2, misses: 1, size: 1 });
  });
});
