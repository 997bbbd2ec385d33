/** When requests of a load run start, what is counted of them, and when a target is met. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { drive } from "../../../../src/cli/acceptance/load-drive.ts";
import { LoadTally } from "../../../../src/cli/acceptance/load-tally.ts";
import { compareWithContract } from "../../../../src/cli/acceptance/sla.ts";
import { manualClock } from "../../../support/manual-clock.ts";

describe("a closed loop", () => {
  test("keeps the given number of requests under way, and no more", async () => {
    const numbers = fc.integer({ min: 1, max: 30 });
    await fc.assert(
      fc.asyncProperty(numbers, numbers, async (requests, concurrency) => {
        const clock = manualClock();
        let [underWay, most, done] = [0, 0, 0];
        const send = async () => {
          most = Math.max(most, ++underWay);
          await clock.sleep(1);
          underWay--;
          done++;
        };
        const driven = drive({ requests, concurrency, ratePerSec: null }, send, clock);
        await clock.advance(requests);
        await driven;
        expect({ most, done }).toEqual({ most: Math.min(requests, concurrency), done: requests });
      }),
      { numRuns: 30 },
    );
  });
});

describe("an open loop", () => {
  const openLoop = async (answerMs: number) => {
    const clock = manualClock();
    const started: { dueMs: number; atMs: number }[] = [];
    const send = async (dueMs: number) => {
      started.push({ dueMs, atMs: clock.monotonicMs() });
      await clock.sleep(answerMs);
    };
    let ended = false;
    const driven = drive({ requests: 4, concurrency: 1, ratePerSec: 100 }, send, clock);
    void driven.then(() => {
      ended = true;
    });
    await clock.advance(30 + answerMs - 1);
    expect(ended).toBe(false);
    await clock.advance(1);
    await driven;
    return started;
  };

  test.each([1, 5_000])("starts by its schedule when an answer takes %d ms", async (answerMs) => {
    expect(await openLoop(answerMs)).toEqual([0, 10, 20, 30].map((dueMs) => ({ dueMs, atMs: dueMs })));
  });

  test("makes up for lost time, and counts it as latency of what was late", async () => {
    const clock = manualClock();
    const lateMs: number[] = [];
    const sleepy = { ...clock, sleep: (delayMs: number) => clock.sleep(delayMs + 25) };
    const driven = drive(
      { requests: 4, concurrency: 1, ratePerSec: 100 },
      async (dueMs) => {
        lateMs.push(clock.monotonicMs() - dueMs);
      },
      sleepy,
    );
    await clock.advance(100);
    await driven;
    expect(lateMs).toEqual([0, 25, 15, 5]);
  });
});

describe("the tally", () => {
  const GOOD = { ok: true, status: 200, body: { request_id: "r", items: ["a"] } } as const;

  test("counts answers by status and failures by text", () => {
    const tally = new LoadTally(5);
    tally.record(GOOD, 10);
    tally.record({ ok: true, status: 200, body: { request_id: "r", items: [] } }, 20);
    tally.record({ ok: true, status: 200, body: { hello: "world" } }, 30);
    tally.record({ ok: false, status: 503, problem: "HTTP 503 overloaded" }, 40);
    tally.record({ ok: false, status: 0, problem: "ECONNRESET" }, 50);
    expect(tally.summary(2)).toEqual({
      requests_total: 5,
      requests_ok: 2,
      requests_failed: 3,
      error_rate_pct: 60,
      rps: 2.5,
      latency_ms: { p50: 30, p95: 48, p99: 49.6, mean: 30, max: 50 },
      status_codes: { "0": 1, "200": 3, "503": 1 },
      errors: { "the answer is no list of recommendations": 1, "HTTP 503 overloaded": 1, ECONNRESET: 1 },
    });
  });

  test("has no latency without requests", () => {
    const { latency_ms, error_rate_pct } = new LoadTally(0).summary(0);
    expect({ ...latency_ms, error_rate_pct }).toEqual({
      p50: null,
      p95: null,
      p99: null,
      mean: null,
      max: null,
      error_rate_pct: 0,
    });
  });

  test("does not mind the order of latencies, and its quantiles rise", () => {
    const latencies = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 200 });
    const latencyOf = (values: readonly number[]) => {
      const tally = new LoadTally(values.length);
      for (const value of values) tally.record(GOOD, value);
      return tally.summary(1).latency_ms;
    };
    fc.assert(
      fc.property(latencies, (values) => {
        const found = latencyOf(values);
        expect(latencyOf([...values].reverse())).toEqual(found);
        expect(found.max).toBe(Math.max(...values));
        const { p50, p95, p99, max } = found;
        const rising = [Math.min(...values), p50, p95, p99, max].map(Number);
        expect(rising).toEqual([...rising].sort((a, b) => a - b));
      }),
    );
  });
});

describe("targets of the contract", () => {
  const tally = new LoadTally(1);
  tally.record({ ok: false, status: 500, problem: "HTTP 500" }, 120);
  const summary = tally.summary(1);

  test("are met up to their value", () => {
    const sla = compareWithContract(
      { sla_targets: { reco_p95_ms: 120, reco_p99_ms: 119.9, api_error_rate_pct: 1 } },
      summary,
    );
    expect(sla).toEqual({
      targets: { reco_p95_ms: 120, reco_p99_ms: 119.9, api_error_rate_pct: 1 },
      observed: { reco_p95_ms: 120, reco_p99_ms: 120, api_error_rate_pct: 100 },
      met: { reco_p95_ms: true, reco_p99_ms: false, api_error_rate_pct: false },
    });
  });

  test.each([[null], ["garbage"], [{ sla_targets: null }], [{ sla_targets: { reco_p95_ms: "120" } }]])(
    "%p names none",
    (contract) => {
      const { targets, met } = compareWithContract(contract, summary);
      const none = { reco_p95_ms: null, reco_p99_ms: null, api_error_rate_pct: null };
      expect({ targets, met }).toEqual({ targets: none, met: none });
    },
  );
});
