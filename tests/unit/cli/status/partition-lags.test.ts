import { expect, test } from "bun:test";
import { readPartitionLags } from "../../../../src/cli/status/partition-lags.ts";
import { createMetrics } from "../../../../src/telemetry/metrics.ts";
import { renderMetrics } from "../../../../src/telemetry/render-metrics.ts";

test("reads the lag of each partition out of what a tree renders, in order", async () => {
  const metrics = createMetrics();
  for (const [topic, partition, lag] of [
    ["watches", "10", 7],
    ["watches", "9", 5],
    ['odd "topic"', "0", 3],
  ] as const) {
    metrics.gauge("reco_feature_consumer_partition_lag", { topic, partition }).set(lag);
  }
  metrics.gauge("reco_outbox_backlog_oldest_lag_ms").set(99);
  const { records, partitions } = readPartitionLags(await renderMetrics([metrics.snapshot()]));
  expect(records).toBe(15);
  expect(partitions.map(({ partition, records: lag }) => [partition, lag])).toEqual([
    [0, 3],
    [9, 5],
    [10, 7],
  ]);
  expect(partitions[0]?.topic).toBe('odd "topic"');
});

test("finds nothing where no partition is assigned", () => {
  expect(readPartitionLags("# HELP x\nother_lag 4\n")).toEqual({ records: 0, partitions: [] });
});
