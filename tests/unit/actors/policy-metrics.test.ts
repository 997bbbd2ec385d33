import { expect, test } from "bun:test";
import { policyInfo } from "../../../src/actors/policy-metrics.ts";
import type { LoadedModel } from "../../../src/http/services.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";

const loaded = (slot: string, runId: string): LoadedModel => ({
  runId,
  policy: `${slot}:${runId}`,
  loadedAtMs: 0,
  artifacts: [],
});

test("each policy that is held has a series, and none that is gone", () => {
  const metrics = createMetrics();
  const tell = policyInfo(metrics);
  const series = () =>
    metrics
      .snapshot()
      .series.filter(({ name }) => name === "reco_policy_info")
      .map(({ labels, values }) => [labels, ...values]);
  const [builtin, one, two] = [
    loaded("builtin", "rules-v1"),
    loaded("default", "20260101_000000"),
    loaded("shadow", "20260102_000000"),
  ];
  tell({ primary: builtin, shadow: null });
  expect(series()).toEqual([[{ slot: "builtin", run_id: "rules-v1", active: "true" }, 1]]);
  tell({ primary: one, shadow: two });
  expect(series()).toEqual([
    [{ slot: "default", run_id: one.runId, active: "true" }, 1],
    [{ slot: "shadow", run_id: two.runId, active: "false" }, 1],
  ]);
  tell({ primary: one, shadow: null });
  expect(series()).toHaveLength(1);
});
