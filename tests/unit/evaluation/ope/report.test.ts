import { describe, expect, test } from "bun:test";
import type { LoggedSlate } from "../../../../src/evaluation/ope/logged-slate.ts";
import { offPolicyReport } from "../../../../src/evaluation/ope/report.ts";
import { servedSlates, truth } from "../../../support/served-world.ts";

const report = (slates: readonly LoggedSlate[], leftOut = 0) =>
  offPolicyReport({ runId: "20260101_023000", fromMs: 0, toMs: 86_400_000, slates, leftOut });

describe("the off-policy report", () => {
  test("estimates clicks and watch time by each way, and says how much they rest on", () => {
    const made = report(servedSlates(3), 7);
    if (!made.ok) throw new Error(made.error);
    const { estimates, ...rest } = made.value;
    expect(rest).toMatchObject({
      run_id: "20260101_023000",
      from: "1970-01-01T00:00:00.000Z",
      to: "1970-01-02T00:00:00.000Z",
      slates: 2_400,
      users: 300,
      shown_items: 9_600,
      slates_left_out: 7,
      cut_weights: 0,
    });
    expect(estimates.map(({ metric, estimator }) => `${metric} ${estimator}`)).toEqual(
      ["ctr", "watch_time_sec"].flatMap((metric) =>
        ["served", "ips", "snips", "dr"].map((estimator) => `${metric} ${estimator}`),
      ),
    );
    for (const { estimator, metric, ci_low, ci_high, value } of estimates) {
      expect([ci_low <= value, value <= ci_high]).toEqual([true, true]);
      if (estimator === "served") continue;
      const real = metric === "ctr" ? truth().clicks : truth().watchSec;
      expect(Math.abs(value - real) / real).toBeLessThan(0.35);
    }
    expect(rest.effective_sample_size).toBeGreaterThan(50);
  });

  test("refuses where the run would have shown next to nothing of what was served", () => {
    const others = servedSlates(3).map((slate) => ({ ...slate, target: ["4", "3", "6", "7"] }));
    expect(report(others)).toEqual({
      ok: false,
      error: expect.stringMatching(
        /^the run would have shown \d\.\d % of what was served, and 5\.0 % are needed$/,
      ),
    });
  });

  test("refuses where there is nothing to estimate from", () => {
    expect(report([], 3)).toEqual({ ok: false, error: "no slates to estimate from; 3 were left out" });
  });
});
