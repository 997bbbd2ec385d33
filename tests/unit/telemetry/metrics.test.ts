/** What the metrics of one actor count, and what they refuse. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import type { Metrics } from "../../../src/telemetry/metrics-types.ts";

const valuesOf = (metrics: Metrics, name: string) =>
  metrics
    .snapshot()
    .series.filter((series) => series.name === name)
    .map((series) => series.values);

describe("metrics", () => {
  test("two handles with equal labels count into one series", () => {
    const metrics = createMetrics();
    metrics.counter("reco_outbox_relay_published_total", { topic: "a" }).inc(2);
    metrics.counter("reco_outbox_relay_published_total", { topic: "a" }).inc();
    expect(valuesOf(metrics, "reco_outbox_relay_published_total")).toEqual([[3]]);
  });

  test("a handle stays valid while thousands of later series make the storage grow", () => {
    const metrics = createMetrics();
    const first = metrics.counter("reco_outbox_fenced_total");
    for (let index = 0; index < 900; index++) {
      metrics.histogram("reco_feature_consumer_event_lag_ms", { topic: `t-${index}` }).observe(1);
    }
    first.inc(7);
    expect(valuesOf(metrics, "reco_outbox_fenced_total")).toEqual([[7]]);
  });

  test("a removed gauge leaves the snapshot and comes back when it is set again", () => {
    const metrics = createMetrics();
    const lag = metrics.gauge("reco_feature_consumer_partition_lag", { topic: "a", partition: "0" });
    lag.set(5);
    lag.remove();
    expect(valuesOf(metrics, "reco_feature_consumer_partition_lag")).toEqual([]);
    lag.set(6);
    expect(valuesOf(metrics, "reco_feature_consumer_partition_lag")).toEqual([[6]]);
  });

  test("a gauge that was never set is not in the snapshot", () => {
    const metrics = createMetrics();
    metrics.gauge("reco_outbox_partitions_held");
    expect(valuesOf(metrics, "reco_outbox_partitions_held")).toEqual([]);
  });

  test("negative and non-finite latencies count as zero", () => {
    const metrics = createMetrics();
    const lag = metrics.histogram("reco_outbox_relay_event_lag_ms");
    for (const value of [-5, Number.NaN, Number.POSITIVE_INFINITY]) lag.observe(value);
    const [values] = valuesOf(metrics, "reco_outbox_relay_event_lag_ms");
    expect(values?.slice(-2)).toEqual([0, 3]);
  });

  test("bucket counts are cumulative, then come sum and count", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 400_000, noNaN: true })), (observed) => {
        const metrics = createMetrics();
        const histogram = metrics.histogram("reco_api_latency_ms");
        for (const value of observed) histogram.observe(value);
        const values = valuesOf(metrics, "reco_api_latency_ms")[0] ?? [];
        expect(values.at(-1)).toBe(observed.length);
        expect(values[0]).toBe(observed.filter((value) => value <= 0.5).length);
        expect(values[9]).toBe(observed.filter((value) => value <= 500).length);
        expect(values.at(-3)).toBe(observed.filter((value) => value <= 300_000).length);
      }),
    );
  });

  test("an undeclared name, a wrong kind and a wrong label set throw", () => {
    const metrics = createMetrics();
    expect(() => metrics.counter("reco_unheard_of_total")).toThrow("no counter named");
    expect(() => metrics.gauge("reco_outbox_fenced_total")).toThrow("no gauge named");
    expect(() => metrics.counter("reco_outbox_relay_published_total")).toThrow("needs label topic");
    expect(() => metrics.counter("reco_outbox_fenced_total", { topic: "a" })).toThrow("has no label topic");
  });

  test("a value outside a closed label becomes `other` and is counted", () => {
    const metrics = createMetrics();
    metrics.counter("reco_outbox_relay_errors_total", { stage: "lunch" }).inc();
    const series = metrics.snapshot().series;
    expect(series).toContainEqual({
      name: "reco_outbox_relay_errors_total",
      labels: { stage: "other" },
      values: [1],
    });
    expect(series).toContainEqual({
      name: "reco_label_overflow_total",
      labels: { metric: "reco_outbox_relay_errors_total" },
      values: [1],
    });
  });

  test("open label values beyond the limit share one series", () => {
    const metrics = createMetrics({ maxLabelSets: 2 });
    for (const topic of ["a", "b", "c", "d"]) {
      metrics.counter("reco_outbox_relay_failed_total", { topic }).inc();
    }
    const topics = metrics
      .snapshot()
      .series.filter(({ name }) => name === "reco_outbox_relay_failed_total")
      .map(({ labels, values }) => [labels["topic"], values[0]]);
    expect(topics).toEqual([
      ["a", 1],
      ["b", 1],
      ["other", 2],
    ]);
  });
});
