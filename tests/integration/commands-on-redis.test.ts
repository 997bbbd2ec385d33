/** Commands that change features beside nodes on one Redis: what nodes share and remember does not outlive the change. */

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
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { historyKeys, POPULARITY_KEY, relatedKeys } from "../../src/recommend/shared-keys.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { bodyOf } from "../support/answers.ts";
import { asMessage, ingest, query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { storeLetters } from "../support/dlq-checks.ts";
import { temporaryDir } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { type HttpWorker, startHttpWorker } from "../support/http-worker.ts";
import { aDirectEvent, aWatchEvent, planOf } from "../support/plans.ts";
import { redisMissing, startRedis, type TestRedis } from "../support/redis.ts";
import { runReco } from "../support/run-reco.ts";
import { openTestCache } from "../support/shared-caches.ts";

setDefaultTimeout(60_000);

const missing = redisMissing();
const now = () => systemClock.nowMs();
const watched = (eventId: string) =>
  aWatchEvent({ eventId, userId: "u-reader", itemId: "i-1", tsMs: now(), watchTimeSec: 300 });

describe.skipIf(missing !== null)(`commands on Redis${missing === null ? "" : ` (${missing})`}`, () => {
  let database: TestDatabase;
  let pool: Pool;
  let redis: TestRedis;
  let dir: string;

  beforeAll(async () => {
    redis = await startRedis();
  });
  beforeEach(async () => {
    await redis.ask("FLUSHALL");
    dir = temporaryDir("commands-on-redis");
    database = await testDatabase();
    pool = database.pool();
    await click("u-1", "i-1", "i-2", "i-3");
    await click("u-2", "i-1", "i-2");
    await click("u-3", "i-1");
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true });
  });
  afterAll(() => redis?.[Symbol.asyncDispose]());

  async function click(userId: string, ...itemIds: string[]): Promise<void> {
    const events = itemIds.map((itemId) =>
      aDirectEvent({ eventId: `click-${userId}-${itemId}`, userId, itemId, tsMs: now() }),
    );
    await createIngestStore(pool, systemClock).accept(events.map(planOf), Deadline.after(10_000));
  }

  /** Entries outlive the test: what shows is what was told. */
  const startNode = (policy: "rules-v1" | "stream-v1" = "rules-v1") => {
    const longMs = 600_000;
    return startHttpWorker(database, {
      cache: {
        redis: { url: redis.url, timeoutMs: 1_000 },
        historyTtlMs: longMs,
        relatedTtlMs: longMs,
        popularityTtlMs: longMs,
        rankedListTtlMs: longMs,
      },
      reco: { deadlineMs: 5_000, policy },
    });
  };
  const shown = async (node: HttpWorker) =>
    (await bodyOf(await node.get("/reco?user_id=u-reader&session_id=s-1"))).items as string[];
  const holds = (...keys: string[]) =>
    eventually(async () => expect(await redis.ask("EXISTS", ...keys)).toBe(keys.length));

  const run = (command: readonly string[], url = redis.url) =>
    runReco(command, {
      cwd: dir,
      env: { DATABASE_URL: database.url, ONLINE_CACHE_BACKEND: "redis", ONLINE_CACHE_REDIS_URL: url },
    });
  async function succeeds(...command: string[]): Promise<void> {
    const { code, err } = await run(command);
    expect({ code, err }).toEqual({ code: 0, err: expect.not.stringContaining("Redis") });
  }
  /** A click of the reader's, as a file. */
  function clickFile(): string {
    const file = join(dir, "events.csv");
    const line = `import-001,u-reader,i-1,click,${Math.floor(now() / 1000)}`;
    writeFileSync(file, `event_id,user_id,item_id,event_type,ts\n${line}\n`);
    return file;
  }

  for (const [policy, key] of [
    ["rules-v1", "reco:user_history:u-reader"],
    ["stream-v1", "reco:seen:u-reader"],
  ] as const) {
    test(`${policy}: what import brought is in the next answers of all nodes`, async () => {
      await using one = await startNode(policy);
      await using two = await startNode(policy);
      for (const node of [one, two]) expect(await shown(node)).toEqual(["i-1", "i-2", "i-3"]);
      await holds(key);
      await succeeds("import", "--file", clickFile());
      for (const node of [one, two]) {
        await eventually(async () => expect(await shown(node)).toEqual(["i-2", "i-3"]));
      }
    });
  }

  test("what rebuild-features put right is in the next answers, and no entry of before is left", async () => {
    await click("u-reader", "i-1");
    await query(pool, "truncate user_history, co_visitation");
    await query(pool, "insert into co_visitation (prev_item_id, next_item_id, cnt) values ('i-9', 'i-3', 1)");
    await query(
      pool,
      "insert into user_history (user_id, pos, item_id, ts) values ('u-reader', 1, 'i-9', now())",
    );
    await using node = await startNode();
    expect(await shown(node)).toContain("i-1");
    const old = [...historyKeys("u-reader"), ...relatedKeys("i-9"), POPULARITY_KEY];
    await holds(...old);
    await redis.ask("SET", "trending:1h:neighbour", "somebody else's");
    await redis.ask("SET", "reco:slate:request-1", "no feature");
    await succeeds("rebuild-features");
    await eventually(async () => expect(await shown(node)).toEqual(["i-2", "i-3"]));
    expect(await redis.ask("EXISTS", ...relatedKeys("i-9"), POPULARITY_KEY)).toBe(0);
    expect(await redis.ask("EXISTS", "trending:1h:neighbour", "reco:slate:request-1")).toBe(2);
  });

  test("what rebuild-features caught up with is in the next answers", async () => {
    await ingest(pool, [watched("missed-001")]);
    await using node = await startNode();
    expect(await shown(node)).toEqual(["i-1", "i-2", "i-3"]);
    await holds("reco:user_history:u-reader");
    await succeeds("rebuild-features", "--from", String(now() - 60_000));
    await eventually(async () => expect(await shown(node)).toEqual(["i-2", "i-3"]));
  });

  test("what a replayed dead letter changed is in the next answers", async () => {
    await storeLetters(pool, [{ ...asMessage(watched("letter-001")), topic: "recsys.watches.v1" }]);
    await using node = await startNode();
    expect(await shown(node)).toEqual(["i-1", "i-2", "i-3"]);
    await holds("reco:user_history:u-reader");
    await succeeds("replay-feature-consumer-dlq");
    await eventually(async () => expect(await shown(node)).toEqual(["i-2", "i-3"]));
  });

  test("a reader that looked up before a command cannot fill in what it read", async () => {
    await using test = await openTestCache(redis.url);
    const keys = historyKeys("u-reader");
    const looked = await test.cache.lookUp(keys, Deadline.after(5_000));
    await succeeds("rebuild-features");
    const entries = keys.map((key) => ({ key, text: "[]", ttlMs: 600_000 }));
    test.cache.fill(looked?.stamp ?? "", entries);
    await eventually(() => expect(test.counts.filter((count) => count === "set refused")).toHaveLength(2));
    expect(await redis.ask("EXISTS", ...keys)).toBe(0);
  });

  test("while Redis is away or hangs a command does its work, and says until when answers may be old", async () => {
    await using server = await startRedis({ stopped: true });
    for (const turn of ["away", "hangs"] as const) {
      if (turn === "hangs") {
        await server.restart();
        server.freeze();
      }
      const { code, out, err } = await run(["rebuild-features"], server.url);
      expect({ turn, code, out }).toEqual({
        turn,
        code: 0,
        out: expect.stringContaining("rebuilt user_history: 6 rows"),
      });
      // Twice the longest life of an entry, 30 s: in Redis and in memory.
      expect(err).toContain("answers may be as they were for 60 s more");
      expect(err).toContain("Redis");
    }
    server.thaw();
  });
});
