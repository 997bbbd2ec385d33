/** The shared cache on a real Redis: what it keeps, what it refuses, and that nobody waits for it when it is away. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { checkRedis } from "../../src/cli/doctor/redis.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { CHANGES_CHANNEL } from "../../src/stores/redis/hints.ts";
import { eventually } from "../support/eventually.ts";
import { redisMissing, startRedis, type TestRedis } from "../support/redis.ts";
import { aChange, connected, openTestCache } from "../support/shared-caches.ts";
import { configOf } from "../unit/cli/doctor/configs.ts";

setDefaultTimeout(30_000);

const missing = redisMissing();
const soon = () => Deadline.after(2_000);
const entry = (key: string, text: string, ttlMs = 20_000) => ({ key, text, ttlMs });

describe.skipIf(missing !== null)(
  `the shared cache on Redis${missing === null ? "" : ` (${missing})`}`,
  () => {
    let redis: TestRedis;

    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis?.[Symbol.asyncDispose]());

    test("keeps whole seconds of life, at least one", async () => {
      await using one = await openTestCache(redis.url);
      const looked = await one.cache.lookUp(["life:a", "life:b"], soon());
      one.cache.fill(looked?.stamp ?? "", [entry("life:a", "1", 20_000), entry("life:b", "2", 1)]);
      await eventually(async () => expect(await redis.ask("GET", "life:b")).toBe("2"));
      expect(await redis.ask("TTL", "life:a")).toBeOneOf([19, 20]);
      expect(await redis.ask("TTL", "life:b")).toBeOneOf([0, 1]);
    });

    test("looks up any number of keys in one round trip", async () => {
      await using one = await openTestCache(redis.url);
      const keys = Array.from({ length: 1_000 }, (_, place) => `many:${place}`);
      const scripts = async () =>
        Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await redis.ask("INFO", "commandstats")))?.[1] ?? 0);
      await one.cache.lookUp(["warm"], soon());
      const before = await scripts();
      expect((await one.cache.lookUp(keys, soon()))?.texts).toHaveLength(1_000);
      expect(await scripts()).toBe(before + 1);
    });

    test("forgets its scripts without a failure", async () => {
      await using one = await openTestCache(redis.url);
      await redis.ask("SCRIPT", "FLUSH");
      expect(await one.cache.lookUp(["scripts"], soon())).toMatchObject({ texts: [null] });
      expect(one.cache.status().errors).toBe(0);
    });

    test("F38: is refused a fill from before it was flushed, whatever was invalidated meanwhile", async () => {
      await using one = await openTestCache(redis.url);
      const old = await one.cache.lookUp(["flushed"], soon());
      await redis.ask("FLUSHALL");
      // After the flush the clock starts anew, and runs past the stamp of the old look-up.
      one.cache.invalidate(["other"], aChange());
      const fresh = await one.cache.lookUp(["flushed-too"], soon());
      one.cache.fill(old?.stamp ?? "", [entry("flushed", '"old"')]);
      one.cache.fill(fresh?.stamp ?? "", [entry("flushed-too", '"new"')]);
      await eventually(async () => expect(await redis.ask("GET", "flushed-too")).toBe('"new"'));
      expect(await redis.ask("GET", "flushed")).toBeNull();
      expect(one.counts.filter((count) => count.startsWith("set"))).toEqual(["set refused", "set done"]);
    });

    test("F39: a reader that was stopped for longer than versions are kept cannot fill", async () => {
      await using one = await openTestCache(redis.url);
      const looked = await one.cache.lookUp(["zombie"], soon());
      const tenSecondsAgo = String(Number(looked?.stamp) - 10_000_000);
      // Born before, so that it is its age that is refused.
      await redis.ask("HSET", "reco:cache_clock", "born", "1");
      one.cache.fill(tenSecondsAgo, [entry("zombie", '"old"')]);
      await eventually(() => expect(one.counts).toContain("set refused"));
      expect(await redis.ask("GET", "zombie")).toBeNull();
    });

    test("is asked by doctor who it is", async () => {
      const verdict = await checkRedis(configOf({ ONLINE_CACHE_BACKEND: "redis", REDIS_URL: redis.url }));
      expect(verdict).toEqual({ status: "pass", detail: expect.stringMatching(/^Redis \d+\.\d+/) });
    });

    test("an invalidation names the change to every listener, after the keys are gone", async () => {
      await using one = await openTestCache(redis.url);
      await redis.ask("SET", "told", "1");
      const { createClient } = await import("@redis/client");
      const listener = createClient({ url: redis.url });
      await listener.connect();
      const heard: unknown[] = [];
      await listener.subscribe(CHANGES_CHANNEL, async (message) => {
        heard.push([JSON.parse(message), await redis.ask("GET", "told")]);
      });
      one.cache.invalidate(["told"], aChange({ userIds: ["u:1 {x}"] }));
      await eventually(() => expect(heard).toEqual([[aChange({ userIds: ["u:1 {x}"] }), null]]));
      listener.destroy();
    });
  },
);

describe.skipIf(missing !== null)("while Redis is away", () => {
  test("F54 a Redis that hangs costs one short wait, then none, until it is back", async () => {
    await using redis = await startRedis();
    await using one = await openTestCache(redis.url);
    expect(one.connections).toEqual(["up"]);
    redis.freeze();
    expect(await one.cache.lookUp(["hang"], soon())).toBeNull();
    expect(one.lates()).toBe(1);
    const startedMs = systemClock.monotonicMs();
    for (let turn = 0; turn < 1_000; turn++) expect(await one.cache.lookUp(["hang"], soon())).toBeNull();
    // A thousand waits would take 50 s; this is their deadline, not their time.
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(5_000);
    expect(one.lates()).toBe(1);
    expect(one.breaker).toContain("open");
    redis.thaw();
    await connected(one.cache);
    await eventually(async () => {
      expect(await one.cache.lookUp(["hang"], soon())).not.toBeNull();
      expect(one.breaker.at(-1)).toBe("closed");
    });
    expect(one.connections).toEqual(["up", "down", "up"]);
  });

  test("a Redis that hangs is found out although nobody asks", async () => {
    await using redis = await startRedis();
    await using one = await openTestCache(redis.url);
    redis.freeze();
    await connected(one.cache, false);
    redis.thaw();
    await connected(one.cache);
    expect(one.cache.status()).toMatchObject({ isUp: true, errors: 1 });
  });

  test("one that is not there at the start is counted and told once, and used when it comes", async () => {
    await using redis = await startRedis({ stopped: true });
    await using one = await openTestCache(redis.url);
    expect(one.cache.status()).toMatchObject({ isUp: false, errors: 1 });
    expect(one.cache.status().lastError).toContain("ECONNREFUSED");
    await redis.restart();
    await connected(one.cache);
    expect(one.connections).toEqual(["down", "up"]);
    expect(one.cache.status().errors).toBe(1);
  });

  test("F37: what was invalidated meanwhile is taken out when a Redis that hung answers again", async () => {
    await using redis = await startRedis();
    await using one = await openTestCache(redis.url);
    await redis.ask("SET", "owed", '"old"');
    redis.freeze();
    await connected(one.cache, false);
    for (let turn = 0; turn < 200; turn++) one.cache.invalidate(["owed", `owed:${turn}`], aChange());
    redis.thaw();
    await eventually(async () => expect(await redis.ask("GET", "owed")).toBeNull());
    await eventually(() =>
      expect(one.counts.filter((count) => count === "delete done").length).toBeGreaterThanOrEqual(200),
    );
  });

  test("a killed one comes back empty, and is used again without a word from anybody", async () => {
    await using redis = await startRedis();
    await using one = await openTestCache(redis.url);
    await redis.kill();
    await connected(one.cache, false);
    expect(await one.cache.lookUp(["k"], soon())).toBeNull();
    one.cache.fill("1", [entry("k", "1")]);
    one.cache.invalidate(["k"], aChange());
    await redis.restart();
    await connected(one.cache);
    await eventually(async () =>
      expect(await one.cache.lookUp(["k"], soon())).toMatchObject({ texts: [null] }),
    );
  });
});
