/** Which figures pass, fail, are unknown or are not judged, in which order, and how that is shown. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { describeGuardrails, guardrailReport } from "../../../../src/cli/acceptance/guardrail-report.ts";
import { checkGuardrails, targetOf } from "../../../../src/cli/acceptance/guardrails.ts";

const METRICS = { ctr_at_20_pct: 8, avg_watch_time_sec: 34.9, catalog_coverage_at_20_pct: 61 };
const CONTRACT = {
  kpi_targets: { ctr_at_20: ">= 8%", avg_watch_time_sec: ">= 35", catalog_coverage_at_20: ">= 60%" },
  sla_targets: { reco_p95_ms: 120, reco_p99_ms: 200, api_error_rate_pct: 1 },
};
const RECO = {
  sample_size: 100,
  server_error_rate_pct: 1,
  error_rate_pct: 9,
  latency_ms: { p95: 120, p99: 201 },
};

const judged = (changes: Partial<Parameters<typeof checkGuardrails>[0]> = {}) =>
  checkGuardrails({
    baseline: METRICS,
    contract: CONTRACT,
    recoMetrics: RECO,
    minSlaSamples: 100,
    ...changes,
  });
const statuses = (changes?: Parameters<typeof judged>[0]) =>
  judged(changes).map(({ name, status }) => `${name} ${status}`);

describe("guardrails", () => {
  test("are judged in their order, a value on its target passing", () => {
    expect(judged()).toEqual([
      { name: "ctr_at_20_pct", status: "pass", observed: 8, target: 8, comparator: ">=", unit: "pct" },
      {
        name: "avg_watch_time_sec",
        status: "fail",
        observed: 34.9,
        target: 35,
        comparator: ">=",
        unit: "sec",
      },
      {
        name: "catalog_coverage_at_20_pct",
        status: "pass",
        observed: 61,
        target: 60,
        comparator: ">=",
        unit: "pct",
      },
      { name: "reco_p95_ms", status: "pass", observed: 120, target: 120, comparator: "<=", unit: "ms" },
      { name: "reco_p99_ms", status: "fail", observed: 201, target: 200, comparator: "<=", unit: "ms" },
      { name: "api_error_rate_pct", status: "pass", observed: 1, target: 1, comparator: "<=", unit: "pct" },
    ]);
  });

  test("take the whole baseline answer as well as its metrics", () => {
    expect(judged({ baseline: { kpi_targets: {}, metrics: METRICS } })).toEqual(judged());
  });

  test("do not judge latency by too few samples", () => {
    const checks = judged({ recoMetrics: { ...RECO, sample_size: 99 } });
    expect(checks).toHaveLength(5);
    expect(checks[3]).toEqual({
      name: "reco_latency_checks",
      status: "skipped",
      observed: 99,
      target: 100,
      comparator: ">=",
      unit: "samples",
      message: "too few samples",
    });
  });

  test("judge latency without samples when none are asked for", () => {
    const empty = { sample_size: 0, error_rate_pct: 0, latency_ms: { p95: null, p99: null } };
    expect(statuses({ recoMetrics: empty, minSlaSamples: 0 }).slice(3)).toEqual([
      "reco_p95_ms unknown",
      "reco_p99_ms unknown",
      "api_error_rate_pct pass",
    ]);
  });

  test("take all errors where those of the server are not told apart", () => {
    const { server_error_rate_pct: _, ...recoMetrics } = RECO;
    expect(judged({ recoMetrics }).at(-1)).toMatchObject({ status: "fail", observed: 9 });
  });

  test.each([
    ["nothing", null],
    ["a list", []],
    ["a text", "metrics"],
    ["texts for numbers", { metrics: { ctr_at_20_pct: "8" } }],
  ])("do not know what %s says", (_, garbage) => {
    const found = statuses({ baseline: garbage, contract: garbage, recoMetrics: garbage });
    expect(found).toEqual([
      "ctr_at_20_pct unknown",
      "avg_watch_time_sec unknown",
      "catalog_coverage_at_20_pct unknown",
      "reco_latency_checks unknown",
      "api_error_rate_pct unknown",
    ]);
  });

  test("say which side is missing", () => {
    const [ctr, watch] = judged({ baseline: {}, contract: { kpi_targets: { ctr_at_20: "8" } } });
    expect([ctr?.message, watch?.message]).toEqual(["missing: observed", "missing: observed, target"]);
  });

  test("never throw, and unknown is exactly a missing value", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.jsonValue(),
        fc.jsonValue(),
        fc.nat(),
        (baseline, contract, recoMetrics, min) => {
          for (const check of checkGuardrails({ baseline, contract, recoMetrics, minSlaSamples: min })) {
            expect(check.status === "unknown").toBe(check.observed === null || check.target === null);
          }
        },
      ),
    );
  });
});

describe("a target", () => {
  test.each([
    [">= 8%", 8],
    [">= 35", 35],
    ["at least -1.5 sec", -1.5],
    ["+.5", 0.5],
    ["8-10", 8],
    [120, 120],
    ["none", null],
    ["", null],
    [null, null],
    [{ value: 8 }, null],
  ])("%p is %p", (text, value) => {
    expect(targetOf(text)).toBe(value);
  });

  test("is found in whatever stands around it", () => {
    const words = fc.stringMatching(/^[a-z<>=% ]*$/);
    const decimal = fc.integer({ min: -999_999, max: 999_999 }).map((thousandths) => thousandths / 1000);
    fc.assert(
      fc.property(words, decimal, words, (before, value, after) => {
        expect(targetOf(`${before}${value}${after}`)).toBe(value);
      }),
    );
  });
});

describe("the report", () => {
  test("counts by status, and shows a line a check", () => {
    const checks = judged({ recoMetrics: { sample_size: 1 } });
    const report = guardrailReport(checks, 100);
    expect(report.summary).toEqual({ passed: 2, failed: 1, unknown: 1, skipped: 1, min_sla_samples: 100 });
    expect(describeGuardrails(report)).toEqual([
      "[PASS] ctr_at_20_pct: observed=8 >= target=8 (pct)",
      "[FAIL] avg_watch_time_sec: observed=34.9 >= target=35 (sec)",
      "[PASS] catalog_coverage_at_20_pct: observed=61 >= target=60 (pct)",
      "[SKIPPED] reco_latency_checks: observed=1 >= target=100 (samples)",
      "[UNKNOWN] api_error_rate_pct: observed=null <= target=1 (pct)",
      "[SUMMARY] passed=2 failed=1 unknown=1 skipped=1 min_sla_samples=100",
    ]);
  });
});
