/** What the monitor does when. */

import { describe, expect, test } from "bun:test";
import { createMonitor } from "../../../src/actors/monitor.ts";
import type { CleanUp, MonitorPorts } from "../../../src/actors/monitor-runner.ts";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { manualClock } from "../../support/manual-clock.ts";

const MINUTE_MS = 60_000;

function createTestMonitor(ports: Partial<MonitorPorts> = {}) {
  const clock = manualClock();
  const metrics = createMetrics();
  const lines: { level: string; event: string; fields: object }[] = [];
  const at = (level: string) => (fields: object, event: string) => void lines.push({ level, event, fields });
  const log = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    serialised() {},
    child: () => log,
  };
  const monitor = createMonitor({
    clock,
    random: seededRandom(7),
    log,
    metrics,
    waitForStore: async () => true,
    cleanUps: [],
    lead: async (_duty, _deadline, work) => {
      await work();
      return true;
    },
    verifier: { round: async () => 0, countFound: async () => 0 },
    readDlq: null,
    readOldestTransaction: async () => null,
    readMemory: async () => ({ rss_bytes: 3, heap_bytes: 1, budget_bytes: 9, processes: { root: 3 } }),
    ...ports,
  });
  const gauge = (name: string) => metrics.snapshot().series.filter((series) => series.name === name);
  const logged = (event: string) => lines.filter((line) => line.event === event);
  return { monitor, clock, gauge, logged };
}

const counting = (name: string, runs: string[], rows = 0): CleanUp => ({
  name,
  run: async () => {
    runs.push(name);
    return rows;
  },
});

describe("clean-ups", () => {
  test("run in order about once a minute while this node leads, and stamp their gauges", async () => {
    const runs: string[] = [];
    const { monitor, clock, gauge } = createTestMonitor({
      cleanUps: [counting("a", runs), counting("b", runs)],
    });
    const ended = monitor.run();
    await clock.advance(10 * MINUTE_MS);
    monitor.stop();
    await ended;
    expect(runs.length).toBeGreaterThanOrEqual(16);
    expect(runs.length).toBeLessThanOrEqual(26);
    expect(runs.slice(0, 4)).toEqual(["a", "b", "a", "b"]);
    const stamped = gauge("reco_maintenance_last_run_timestamp_seconds");
    expect(stamped.map(({ labels }) => labels["task"])).toEqual(["a", "b"]);
  });

  test("do not run on a node that does not lead", async () => {
    const runs: string[] = [];
    const { monitor, clock, gauge } = createTestMonitor({
      cleanUps: [counting("a", runs)],
      lead: async () => false,
    });
    const ended = monitor.run();
    await clock.advance(5 * MINUTE_MS);
    monitor.stop();
    await ended;
    expect(runs).toEqual([]);
    expect(gauge("reco_maintenance_last_run_timestamp_seconds")).toEqual([]);
  });

  test("go on after the store was away, which is logged", async () => {
    const runs: string[] = [];
    let away = true;
    const { monitor, clock, logged } = createTestMonitor({
      cleanUps: [counting("a", runs)],
      lead: async (_duty, _deadline, work) => {
        if (away) throw new StoreUnavailableError("connect", "refused");
        await work();
        return true;
      },
    });
    const ended = monitor.run();
    await clock.advance(3 * MINUTE_MS);
    away = false;
    await clock.advance(3 * MINUTE_MS);
    monitor.stop();
    await ended;
    expect(logged("monitor.store_unavailable").length).toBeGreaterThan(0);
    expect(runs.length).toBeGreaterThan(0);
  });

  test("end the monitor when one fails for a reason of its own", async () => {
    const broken: CleanUp = { name: "broken", run: () => Promise.reject(new TypeError("a bug")) };
    const { monitor, clock } = createTestMonitor({ cleanUps: [broken] });
    const failure = monitor.run().catch((error: unknown) => error);
    await clock.advance(2 * MINUTE_MS);
    monitor.stop();
    expect(await failure).toEqual(new TypeError("a bug"));
  });

  test("after a stop, the next one is not begun", async () => {
    const runs: string[] = [];
    const first: CleanUp = {
      name: "first",
      run: async () => {
        monitor.stop();
        return 0;
      },
    };
    const { monitor } = createTestMonitor({ cleanUps: [first, counting("second", runs)] });
    await monitor.maintain();
    expect(runs).toEqual([]);
  });

  test("that removed rows are logged", async () => {
    const { monitor, logged } = createTestMonitor({ cleanUps: [counting("a", [], 7), counting("b", [])] });
    await monitor.maintain();
    expect(logged("maintenance.removed_rows").map(({ fields }) => fields)).toMatchObject([
      { task: "a", rows: 7 },
    ]);
  });
});

describe("watching", () => {
  test("memory usage is logged about once a minute, also without a store", async () => {
    const { monitor, clock, logged } = createTestMonitor({ waitForStore: () => new Promise(() => {}) });
    void monitor.run();
    await clock.advance(5 * MINUTE_MS);
    monitor.stop();
    expect(logged("memory usage").length).toBeGreaterThanOrEqual(4);
    expect(logged("memory usage")[0]?.fields).toMatchObject({ rss_bytes: 3, heap_bytes: 1, budget_bytes: 9 });
  });

  test("dead letters become gauges when no consumer reports them", async () => {
    const { monitor, gauge } = createTestMonitor({
      readDlq: async () => ({ pending: 2, replayed: 1, oldestPendingMs: 900 }),
    });
    await monitor.reportDlq();
    expect(gauge("reco_feature_consumer_dlq_backlog").map(({ values }) => values[0])).toEqual([2, 1]);
    expect(gauge("reco_feature_consumer_dlq_oldest_pending_ms")[0]?.values).toEqual([900]);
  });

  test("no gauge of dead letters is set beside the consumers' own", async () => {
    const { monitor, gauge } = createTestMonitor({ readDlq: null });
    await monitor.reportDlq();
    expect(gauge("reco_feature_consumer_dlq_backlog")).toEqual([]);
  });

  test.each([
    [299_000, 0],
    [301_000, 1],
  ])("F25: a transaction open for %d ms gives %d warnings", async (ageMs, warnings) => {
    const { monitor, logged } = createTestMonitor({ readOldestTransaction: async () => ({ ageMs }) });
    await monitor.watchHorizon();
    expect(logged("store.old_transaction_blocks_vacuum")).toHaveLength(warnings);
  });
});

describe("verifying", () => {
  const value = (series: readonly { readonly values: readonly number[] }[]) => series[0]?.values[0];

  test("tells what is unaccounted for, and up to when all is verified", async () => {
    const { monitor, gauge, logged } = createTestMonitor({
      verifier: { round: async () => 5_000, countFound: async () => 3 },
    });
    await monitor.verify();
    expect(value(gauge("reco_verifier_unaccounted_events"))).toBe(3);
    expect(value(gauge("reco_verifier_verified_until_timestamp_seconds"))).toBe(5);
    expect(logged("verifier.unaccounted")).toHaveLength(1);
  });

  test.each([
    ["the store", new StoreUnavailableError("connect", "refused")],
    ["a statement that the store refuses", new Error("syntax error")],
    ["something that is no error", "gone"],
  ])("goes on after a failure of %s, which is counted and logged", async (_, failure) => {
    let rounds = 0;
    const round = () => (++rounds === 1 ? Promise.reject(failure) : Promise.resolve(0));
    const { monitor, clock, gauge, logged } = createTestMonitor({
      verifier: { round, countFound: async () => 1 },
    });
    const ended = monitor.run();
    await clock.advance(MINUTE_MS);
    monitor.stop();
    await ended;
    expect(rounds).toBeGreaterThan(3);
    expect(value(gauge("reco_verifier_errors_total"))).toBe(1);
    expect(logged("verifier.failed")).toHaveLength(1);
    expect(value(gauge("reco_verifier_unaccounted_events"))).toBe(1);
    expect(value(gauge("reco_verifier_last_run_timestamp_seconds"))).toBeGreaterThan(0);
  });

  test("that cannot count says so, and does not tell an old number as a new one", async () => {
    const { monitor, gauge } = createTestMonitor({
      verifier: { round: async () => 0, countFound: () => Promise.reject(new Error("relation is missing")) },
    });
    await monitor.verify();
    expect(gauge("reco_verifier_unaccounted_events")).toEqual([]);
    expect(value(gauge("reco_verifier_errors_total"))).toBe(1);
  });

  test("is left to the node that leads, which every node reports", async () => {
    let rounds = 0;
    const { monitor, gauge } = createTestMonitor({
      lead: async () => false,
      verifier: { round: async () => ++rounds, countFound: async () => 2 },
    });
    await monitor.verify();
    expect(rounds).toBe(0);
    expect(value(gauge("reco_verifier_unaccounted_events"))).toBe(2);
    expect(gauge("reco_verifier_last_run_timestamp_seconds")).toEqual([]);
  });
});
