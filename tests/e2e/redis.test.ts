/** Trees of the compiled program on one PostgreSQL and one Redis: what one takes in, the other answers by. */

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { expectNothingLost, storeUrlOf } from "../support/history-check.ts";
import { Load } from "../support/load.ts";
import { redisMissing, startRedis } from "../support/redis.ts";
import { Tree } from "../support/tree.ts";

const missing = redisMissing();
const TIMEOUT_MS = 240_000;

/** Entries outlive the test: what shows is what was told. */
const LONG = {
  ONLINE_CACHE_HISTORY_TTL_SEC: "3600",
  ONLINE_CACHE_RELATED_TTL_SEC: "3600",
  ONLINE_CACHE_POPULARITY_TTL_SEC: "3600",
  RECO_DEADLINE_MS: "5000",
  // Far longer than the test is patient: who waits for a poll is not in time.
  OUTBOX_RELAY_POLL_INTERVAL_MS: "600000",
};
const onRedis = (url: string) => ({ ONLINE_CACHE_BACKEND: "redis", ONLINE_CACHE_REDIS_URL: url });

const itemsOf = async (tree: Tree, userId: string) =>
  ((await (await tree.get(`/reco?user_id=${userId}&session_id=s`)).json()) as { items: string[] }).items;
const click = (tree: Tree, userId: string, itemId: string) =>
  tree.post("/event", {
    user_id: userId,
    item_id: itemId,
    event_type: "click",
    ts: Math.floor(Date.now() / 1000),
  });
const watch = (tree: Tree, userId: string, itemId: string) =>
  tree.post("/log/watch", {
    ...{ user_id: userId, session_id: "s", request_id: "request-1", item_id: itemId },
    ...{ ts_ms: Date.now(), watch_time_sec: 60, percent_watched: 90 },
  });
const cacheOf = async (tree: Tree) =>
  ((await (await tree.get("/healthz")).json()) as { online_cache: { active_backend: string } }).online_cache;

describe.skipIf(missing !== null)(`on Redis${missing === null ? "" : ` (${missing})`}`, () => {
  test(
    "A24 two nodes: events and watches that one acknowledges show on the other, long before any entry ends",
    async () => {
      await using redis = await startRedis();
      await using one = await Tree.start({ form: "binary", env: { ...onRedis(redis.url), ...LONG } });
      await using two = await Tree.start({
        form: "binary",
        env: { ...onRedis(redis.url), ...LONG, DATABASE_URL: storeUrlOf(one) },
        args: ["--roles", "http"],
      });
      for (const itemId of ["a", "a", "a", "b", "b", "c"]) await click(one, `fan-${itemId}`, itemId);
      await eventually(async () => expect(await itemsOf(two, "u")).toEqual(["a", "b", "c"]));
      await eventually(async () => expect(await itemsOf(one, "u")).toEqual(["a", "b", "c"]));

      await click(one, "u", "a");
      expect(await itemsOf(one, "u")).toEqual(["b", "c"]);
      await eventually(async () => expect(await itemsOf(two, "u")).toEqual(["b", "c"]));

      // The node that takes the watch in has no relay: that of the other is woken, and its consumer tells both.
      await watch(two, "u", "c");
      await eventually(async () => expect(await itemsOf(one, "u")).toEqual(["b"]), { timeoutMs: 30_000 });
      expect(await itemsOf(two, "u")).toEqual(["b"]);
    },
    TIMEOUT_MS,
  );

  test(
    "A7 a Redis that is killed under load costs neither answers nor events, and is used again when it is back",
    async () => {
      await using redis = await startRedis();
      await using tree = await Tree.start({ form: "binary", env: onRedis(redis.url) });
      await using load = new Load(tree);
      const acknowledged = (more: number) => {
        const wanted = load.acknowledged.length + more;
        return eventually(() => expect(load.acknowledged.length).toBeGreaterThan(wanted), {
          timeoutMs: 45_000,
        });
      };
      const becomes = (backend: string) =>
        eventually(async () => expect((await cacheOf(tree)).active_backend).toBe(backend), {
          timeoutMs: 10_000,
        });
      await acknowledged(100);
      await becomes("redis");
      await redis.kill();
      await becomes("memory_fallback");
      await acknowledged(100);
      await redis.restart();
      await becomes("redis");
      await acknowledged(100);
      await load.stop();
      for (const kind of ["watch", "direct"] as const) expect(load.troubles(kind)).toEqual([]);
      await expectNothingLost(tree, load.acknowledged);
      expect(tree.output().match(/Redis connection failed/g)?.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  test(
    "trending sets count events when they are acknowledged, and watches when they are consumed",
    async () => {
      await using redis = await startRedis();
      await using tree = await Tree.start({ env: onRedis(redis.url) });
      const points = async (itemId: string) => redis.ask("ZSCORE", "trending:1h", itemId);
      await click(tree, "u", "clicked");
      await watch(tree, "u", "watched");
      await eventually(
        async () => expect([await points("clicked"), await points("watched")]).toEqual(["3", "3"]),
        {
          timeoutMs: 30_000,
        },
      );
      const { items } = (await (await tree.get("/hot/trending?timeframe=24h")).json()) as {
        items: { dataset_id: string }[];
      };
      expect(items.map((item) => item.dataset_id).sort()).toEqual(["clicked", "watched"]);
    },
    TIMEOUT_MS,
  );
});
