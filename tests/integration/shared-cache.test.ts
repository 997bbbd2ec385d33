/** Nodes that share a PostgreSQL and a Redis: what one commits the others answer by, whatever Redis does. */

import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { Config } from "../../src/config/config.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { SharedInvalidation } from "../../src/recommend/shared-invalidation.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { bodyOf } from "../support/answers.ts";
import { append, asMessage, query, startConsumer } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { aDirectBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import type { ConfigOverrides } from "../support/fakes/http-services.ts";
import { type HttpWorker, startHttpWorker } from "../support/http-worker.ts";
import { aDirectEvent, aWatchEvent, planOf } from "../support/plans.ts";
import { redisMissing, startRedis, type TestRedis } from "../support/redis.ts";
import { connected, openTestCache } from "../support/shared-caches.ts";

setDefaultTimeout(60_000);

const missing = redisMissing();
const now = () => systemClock.nowMs();
const RECO = "/reco?user_id=u-reader&session_id=s-1";

describe.skipIf(missing !== null)(`nodes on one Redis${missing === null ? "" : ` (${missing})`}`, () => {
  let database: TestDatabase;
  let pool: Pool;
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startRedis();
  });
  beforeEach(async () => {
    await redis.ask("FLUSHALL");
    database = await testDatabase();
    pool = database.pool();
    await seed("i-1", "i-2", "i-3");
  });
  afterEach(() => database[Symbol.asyncDispose]());
  afterAll(() => redis?.[Symbol.asyncDispose]());

  const onRedis = (
    over: Partial<Config["cache"]> = {},
    reco: Partial<Config["reco"]> = {},
  ): ConfigOverrides => ({
    // Entries outlive the test: what shows is what was told.
    cache: {
      redis: { url: redis.url, timeoutMs: 1_000 },
      historyTtlMs: 600_000,
      relatedTtlMs: 600_000,
      popularityTtlMs: 600_000,
      rankedListTtlMs: 600_000,
      ...over,
    },
    reco: { deadlineMs: 5_000, ...reco },
  });

  /** Items that were clicked before, the most popular first. */
  async function seed(...itemIds: string[]): Promise<void> {
    const events = itemIds.flatMap((itemId, rank) =>
      Array.from({ length: itemIds.length - rank }, (_, turn) =>
        aDirectEvent({ eventId: `seed-${itemId}-${turn}`, userId: `u-${turn}`, itemId, tsMs: now() }),
      ),
    );
    await createIngestStore(pool, systemClock).accept(events.map(planOf), Deadline.after(10_000));
  }
  const click = (node: HttpWorker, itemId: string, userId = "u-reader") =>
    node.post(
      "/event",
      aDirectBody({ event_id: `click-${itemId}-${userId}`, user_id: userId, item_id: itemId, ts: now() }),
    );
  const shown = async (node: HttpWorker) => (await bodyOf(await node.get(RECO))).items as string[];
  const cacheOf = async (node: HttpWorker) => {
    const answer = await node.get("/readyz");
    const body = await answer.json();
    const payload = answer.status === 200 ? body : (body as { detail: object }).detail;
    const { online_cache: cache } = payload as { online_cache: Record<string, unknown> };
    return { ...cache, status: answer.status } as Record<string, unknown>;
  };
  const becomes = (node: HttpWorker, wanted: object) =>
    eventually(async () => expect(await cacheOf(node)).toMatchObject(wanted), { timeoutMs: 10_000 });

  for (const policy of ["rules-v1", "stream-v1"] as const) {
    test(`A24 ${policy}: what one node acknowledges is in the next answers of itself and, soon, of the others`, async () => {
      await using one = await startHttpWorker(database, onRedis({}, { policy }));
      await using two = await startHttpWorker(database, onRedis({}, { policy }));
      const key = policy === "rules-v1" ? "reco:user_history:u-reader" : "reco:seen:u-reader";
      expect(await shown(two)).toEqual(["i-1", "i-2", "i-3"]);
      expect(await shown(one)).toEqual(["i-1", "i-2", "i-3"]);
      await eventually(async () => expect(await redis.ask("GET", key)).toBe("[]"));
      for (const [itemId, left] of [
        ["i-1", ["i-2", "i-3"]],
        ["i-3", ["i-2"]],
      ] as const) {
        expect((await click(one, itemId)).status).toBe(200);
        expect(await shown(one)).toEqual([...left]);
        await eventually(async () => expect(await shown(two)).toEqual([...left]));
      }
    });

    test(`${policy}: a node answers from what another one filled in`, async () => {
      await using one = await startHttpWorker(database, onRedis({}, { policy }));
      await click(one, "i-2");
      await using two = await startHttpWorker(database, onRedis({}, { policy }));
      const first = await shown(two);
      await eventually(() =>
        expect(
          two.counted("cache_requests_total", { operation: "redis_set", status: "done" }),
        ).toBeGreaterThan(0),
      );
      await using three = await startHttpWorker(database, onRedis({}, { policy }));
      expect(await shown(three)).toEqual(first);
      expect(
        three.counted("cache_requests_total", { operation: "redis_get", status: "hit" }),
      ).toBeGreaterThan(1);
    });
  }

  test("what is popular with others shows on all nodes", async () => {
    await using one = await startHttpWorker(database, onRedis());
    await using two = await startHttpWorker(database, onRedis());
    expect((await shown(two))[0]).toBe("i-1");
    for (let turn = 0; turn < 5; turn++) await click(one, "i-3", `u-fan-${turn}`);
    await eventually(async () => expect((await shown(two))[0]).toBe("i-3"));
  });

  test("F38: after a flush every node answers as before", async () => {
    await using one = await startHttpWorker(database, onRedis());
    await click(one, "i-1");
    const before = await shown(one);
    await redis.ask("FLUSHALL");
    await using two = await startHttpWorker(database, onRedis());
    const misses = () => two.counted("cache_requests_total", { operation: "redis_get", status: "miss" });
    const missedAtStart = misses();
    const answers = await Promise.all(Array.from({ length: 50 }, () => shown(two)));
    expect(new Set(answers.map(String))).toEqual(new Set([String(before)]));
    // One look-up of the user's two keys, whoever asked at the same time: the misses are shared.
    expect(misses() - missedAtStart).toBeLessThanOrEqual(2 + 1 + 2);
    await click(two, "i-2");
    await eventually(async () => expect(await shown(one)).toEqual(await shown(two)));
    expect(await shown(one)).toEqual(["i-3"]);
  });

  test("F37: while Redis hangs the consumer commits, and what it took out late is right on all nodes", async () => {
    await using server = await startRedis();
    await using node = await startHttpWorker(
      database,
      onRedis({ redis: { url: server.url, timeoutMs: 1_000 } }),
    );
    await using test = await openTestCache(server.url);
    using invalidation = new SharedInvalidation(test.cache, systemClock);
    expect(await shown(node)).toEqual(["i-1", "i-2", "i-3"]);
    await eventually(async () => expect(await server.ask("GET", "reco:user_history:u-reader")).toBe("[]"));
    await using _consumer = startConsumer(pool, { onApplied: (change) => invalidation.apply(change) });
    server.freeze();
    await connected(test.cache, false);
    const watches = Array.from({ length: 20 }, (_, turn) =>
      aWatchEvent({ eventId: `watch-000${turn}`, userId: "u-reader", itemId: "i-1", tsMs: now() }),
    );
    await append(
      pool,
      watches.map((event) => asMessage(event)),
    );
    await eventually(
      async () => {
        const rows = await query(pool, "select count(*)::int as rows from feature_event_consumed");
        expect(rows).toEqual([{ rows: 20 }]);
      },
      { timeoutMs: 20_000 },
    );
    server.thaw();
    await eventually(async () => expect(await shown(node)).toEqual(["i-2", "i-3"]), { timeoutMs: 10_000 });
    await eventually(async () =>
      expect(await server.ask("GET", "reco:user_history:u-reader")).toContain("i-1"),
    );
  });

  test("A7 a killed Redis costs no answer, readiness tells the truth, and nobody has to restart", async () => {
    await using server = await startRedis();
    const itsOwn = { redis: { url: server.url, timeoutMs: 1_000 } };
    await using lenient = await startHttpWorker(database, onRedis(itsOwn));
    await using strict = await startHttpWorker(database, onRedis({ ...itsOwn, strict: true }));
    const up = { status: 200, active_backend: "redis", ready: true, redis_client_available: true, errors: 0 };
    await becomes(lenient, { ...up, strict_backend: false, configured_backend: "redis" });
    await becomes(strict, { ...up, strict_backend: true, last_error: null });

    await server.kill();
    await becomes(lenient, { status: 200, active_backend: "memory_fallback", ready: true });
    await becomes(strict, { status: 503, active_backend: "redis_unavailable", ready: false });
    expect(await cacheOf(strict)).toMatchObject({
      redis_client_available: false,
      last_error: expect.any(String),
    });
    expect((await strict.get("/readyz?capability=serve")).status).toBe(200);
    for (const node of [lenient, strict]) {
      const before = await shown(node);
      expect((await click(node, before[0] as string)).status).toBe(200);
      expect(await shown(node)).toEqual(before.slice(1));
    }
    await eventually(async () =>
      expect(await (await strict.get("/metrics")).text()).toContain(
        'reco_api_check_status{scope="readyz",check="online_cache"} 0',
      ),
    );

    await server.restart();
    await becomes(lenient, { status: 200, active_backend: "redis", ready: true });
    await becomes(strict, { status: 200, active_backend: "redis", ready: true });
    expect((await cacheOf(strict))["errors"]).toBeGreaterThan(0);
    await click(lenient, "i-3");
    await eventually(async () => expect(await shown(strict)).toEqual(await shown(lenient)));
  });

  test("F54 a Redis that hangs leaves every answer inside its deadline", async () => {
    await using server = await startRedis();
    await using node = await startHttpWorker(
      database,
      onRedis({ redis: { url: server.url, timeoutMs: 1_000 } }, { deadlineMs: 2_000 }),
    );
    server.freeze();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, turn) =>
        bodyOf(await node.get(`/reco?user_id=cold-${turn}&session_id=s`)),
      ),
    );
    expect(new Set(answers.map(({ items }) => String(items)))).toEqual(new Set(["i-1,i-2,i-3"]));
    await becomes(node, { active_backend: "memory_fallback" });
    expect(await shown(node)).toEqual(["i-1", "i-2", "i-3"]);
    server.thaw();
    await becomes(node, { active_backend: "redis" });
  });

  test("a Redis that is not there at the start is waited for by nobody", async () => {
    await using server = await startRedis({ stopped: true });
    const itsOwn = { redis: { url: server.url, timeoutMs: 1_000 } };
    await using lenient = await startHttpWorker(database, onRedis(itsOwn));
    await using strict = await startHttpWorker(database, onRedis({ ...itsOwn, strict: true }));
    expect(await cacheOf(lenient)).toMatchObject({
      status: 200,
      active_backend: "memory_fallback",
      errors: 1,
    });
    expect(await cacheOf(strict)).toMatchObject({
      status: 503,
      active_backend: "redis_unavailable",
      errors: 1,
    });
    expect(await shown(strict)).toEqual(["i-1", "i-2", "i-3"]);
    await server.restart();
    await becomes(lenient, { status: 200, active_backend: "redis" });
    await becomes(strict, { status: 200, active_backend: "redis" });
  });

  test("with the cache off Redis is not even asked", async () => {
    await using node = await startHttpWorker(database, onRedis({ enabled: false, strict: true }));
    expect(await shown(node)).toEqual(["i-1", "i-2", "i-3"]);
    expect(await cacheOf(node)).toMatchObject({
      status: 200,
      enabled: false,
      configured_backend: "redis",
      active_backend: "disabled",
      ready: true,
    });
    expect(await redis.ask("DBSIZE")).toBe(0);
  });
});
