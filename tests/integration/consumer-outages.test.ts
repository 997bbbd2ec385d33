/** A consumer on a real server that hangs, and that crashes and recovers, while chunks are in hand. */

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import postgres from "postgres";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createEmbeddedLog } from "../../src/stores/eventlog/embedded.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { append, asMessage, metricValue, query, startConsumer } from "../support/backbone.ts";
import { consumed } from "../support/consumer-checks.ts";
import { startTestServer, type TestServer } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { freeze, thaw } from "../support/freeze.ts";
import { expectApplied, someWatches } from "../support/kafka/log.ts";

setDefaultTimeout(90_000);

const SETTLE = { timeoutMs: 30_000 };
/** Longer than a statement may take: a member that is away for one outage comes back to what it had. */
const GROUP_TIMES = { leaseMs: 15_000, renewMs: 5_000 };

describe("a store that goes away while a consumer is at work", () => {
  let server: TestServer;
  let pool: Pool;

  beforeEach(async () => {
    // With its flushes on: what it acknowledged it has after a crash.
    server = await startTestServer({ durable: true });
    await migrate({ url: server.url, deadline: Deadline.after(30_000) });
    pool = openPool({ url: server.url, applicationName: "test", max: 10 });
    appended = 0;
  });
  afterEach(async () => {
    await pool.close(1_000);
    await server[Symbol.asyncDispose]();
  });

  const owners = () =>
    query(pool, "select partition, owner, generation from event_log_offset order by 1, topic");
  let appended = 0;
  const appendWatches = async (count: number) => {
    const watches = someWatches(count, appended);
    appended += count;
    await append(
      pool,
      watches.map((watch) => asMessage(watch)),
    );
  };
  /** Stops a chunk at its writes until this is disposed of, or the server ends; answers the chunk's own process there. */
  async function chunkInHand() {
    const blocker = postgres(server.url, { max: 1, onnotice: () => {} });
    const held = await blocker.reserve();
    await held`begin`;
    await held`lock table item_popularity in share mode`;
    await appendWatches(100);
    const pid = await eventually(async () => {
      const [waiting] = await query(pool, "select pid from pg_stat_activity where wait_event_type = 'Lock'");
      expect(waiting).toBeDefined();
      return waiting?.["pid"] as number;
    }, SETTLE);
    return { pid, [Symbol.asyncDispose]: () => blocker.end({ timeout: 0 }) };
  }

  /** Consumes, is struck with records in hand, and has applied all in the end, by the owners of before. */
  async function survives(strike: (pauses: () => number) => Promise<void>): Promise<void> {
    await using consumer = startConsumer(pool, {
      eventLog: createEmbeddedLog({ pool, clock: systemClock, random: systemRandom, group: GROUP_TIMES }),
    });
    await appendWatches(100);
    await consumed(pool, appended);
    const before = await owners();

    await strike(() =>
      metricValue(consumer.metrics, "reco_feature_consumer_errors_total", { stage: "process" }),
    );

    await expectApplied(pool, someWatches(appended));
    expect(await query(pool, "select 1 from consumer_retry")).toEqual([]);
    expect(await owners()).toEqual(before);
  }

  test("F36: on a server that hangs the consumer pauses, keeps its partitions and applies everything after it", () =>
    survives(async (pauses) => {
      await using _chunk = await chunkInHand();
      freeze(server);
      try {
        await eventually(() => expect(pauses()).toBeGreaterThan(0), SETTLE);
      } finally {
        thaw(server);
      }
    }));

  test("F36: on a server that crashes three times the consumer pauses, keeps its partitions and applies everything after it", () =>
    survives(async (pauses) => {
      for (let crash = 1; crash <= 3; crash++) {
        await using chunk = await chunkInHand();
        const before = pauses();
        // A server that loses one process this way ends all others, and recovers from its log.
        process.kill(chunk.pid, "SIGKILL");
        await eventually(() => expect(pauses()).toBeGreaterThan(before), SETTLE);
        await eventually(async () => {
          const left = await query(pool, `select 1 from pg_stat_activity where pid = ${chunk.pid}`);
          expect(left).toEqual([]);
        }, SETTLE);
      }
    }));
});
