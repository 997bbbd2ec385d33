import { describe, expect, test } from "bun:test";
import { percentile, summarize } from "../../../src/http/kpi.ts";

const SETTINGS = { metricsWindowSec: 3600 };

describe("window of /reco", () => {
  test("percentiles interpolate between neighbours", () => {
    const values = Float64Array.from([10, 20, 30, 40]);
    expect(percentile(values, 0.5)).toBe(25);
    expect(percentile(values, 0.95)).toBe(38.5);
    expect(percentile(new Float64Array(), 0.5)).toBeNull();
  });

  test("counts by family and rounds rates to three decimals", () => {
    const summary = summarize({ statuses: [200, 200, 422, 503, 200, 200, 401], latenciesMs: [1] }, SETTINGS);
    expect(summary.status_counts).toEqual({ "2xx": 4, "4xx": 2, "5xx": 1 });
    expect(summary.error_rate_pct).toBe(42.857);
    expect(summary.server_error_rate_pct).toBe(14.286);
  });

  test("meets its targets without samples", () => {
    expect(summarize({ statuses: [], latenciesMs: [] }, SETTINGS)).toEqual({
      window_sec: 3600,
      sample_size: 0,
      status_counts: { "2xx": 0, "4xx": 0, "5xx": 0 },
      error_rate_pct: 0,
      server_error_rate_pct: 0,
      latency_ms: { p50: null, p95: null, p99: null },
      sla: { target_p95_ms: 120, target_p99_ms: 200, p95_met: true, p99_met: true },
    });
  });

  test("misses a target that the percentile passes", () => {
    const { sla } = summarize({ statuses: [200, 200], latenciesMs: [121, 150] }, SETTINGS);
    expect(sla).toMatchObject({ p95_met: false, p99_met: true });
  });
});
