/** How the snapshots of several actors become one Prometheus text. */

import { describe, expect, test } from "bun:test";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { renderMetrics } from "../../../src/telemetry/render-metrics.ts";

const linesOf = async (...actors: ReturnType<typeof createMetrics>[]) =>
  (await renderMetrics(actors.map((metrics) => metrics.snapshot()))).split("\n");

describe("renderMetrics", () => {
  test("sums counters and histograms over the actors", async () => {
    const [first, second] = [createMetrics(), createMetrics()];
    for (const metrics of [first, second]) {
      metrics.counter("reco_api_requests_total", { status_family: "2xx" }).inc(3);
      metrics.histogram("reco_api_latency_ms").observe(40);
    }
    const lines = await linesOf(first, second);
    expect(lines).toContain('reco_api_requests_total{status_family="2xx"} 6');
    expect(lines).toContain('reco_api_latency_ms_bucket{le="25"} 0');
    expect(lines).toContain('reco_api_latency_ms_bucket{le="50"} 2');
    expect(lines).toContain('reco_api_latency_ms_bucket{le="+Inf"} 2');
    expect(lines).toContain("reco_api_latency_ms_sum 80");
    expect(lines).toContain("reco_api_latency_ms_count 2");
  });

  test("merges each gauge as declared: a check by its minimum, a lag by its maximum, a pool by its sum", async () => {
    const [first, second] = [createMetrics(), createMetrics()];
    first.gauge("reco_api_check_status", { scope: "readyz", check: "db" }).set(1);
    second.gauge("reco_api_check_status", { scope: "readyz", check: "db" }).set(0);
    first.gauge("reco_outbox_backlog_oldest_lag_ms").set(10);
    second.gauge("reco_outbox_backlog_oldest_lag_ms").set(30);
    first.gauge("reco_db_pool_in_use", { pool: "read" }).set(2);
    second.gauge("reco_db_pool_in_use", { pool: "read" }).set(3);
    const lines = await linesOf(first, second);
    expect(lines).toContain('reco_api_check_status{scope="readyz",check="db"} 0');
    expect(lines).toContain("reco_outbox_backlog_oldest_lag_ms 30");
    expect(lines).toContain('reco_db_pool_in_use{pool="read"} 5');
  });

  test("writes counters with closed labels as zeros before anything happened", async () => {
    const lines = await linesOf();
    expect(lines).toContain('reco_outbox_relay_errors_total{stage="claim"} 0');
    expect(lines).toContain('reco_stage_latency_ms_count{stage="ranking"} 0');
    expect(lines).toContain("reco_log_dropped_total 0");
  });

  test("declares help and type once for a metric that several actors report", async () => {
    const [first, second] = [createMetrics(), createMetrics()];
    first.gauge("reco_event_loop_lag_ms", { role: "http" }).set(1);
    second.gauge("reco_event_loop_lag_ms", { role: "relay" }).set(2);
    const lines = await linesOf(first, second);
    expect(lines.filter((line) => line === "# TYPE reco_event_loop_lag_ms gauge")).toHaveLength(1);
  });

  test("escapes label values", async () => {
    const metrics = createMetrics();
    metrics.counter("reco_outbox_relay_failed_total", { topic: 'a"b\nc' }).inc();
    expect(await linesOf(metrics)).toContain('reco_outbox_relay_failed_total{topic="a\\"b\\nc"} 1');
  });

  test("leaves out a metric that this build does not know", async () => {
    const text = await renderMetrics([{ series: [{ name: "reco_of_tomorrow", labels: {}, values: [1] }] }]);
    expect(text).not.toContain("reco_of_tomorrow");
  });
});
