/** Off-policy estimates of a run as a report, or why the served slates allow none. */

import { seededRandom } from "../../core/random.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { ESTIMATORS, type Estimator, estimate } from "./estimates.ts";
import { WEIGHT_CAP } from "./importance-weights.ts";
import type { LoggedSlate, Reward } from "./logged-slate.ts";
import { supportOf } from "./support.ts";

/** Share of the shown items that the run must have shown as well. */
const LEAST_OVERLAP = 0.05;
const RESAMPLES = 1_000;
/** Equal slates give equal intervals. */
const SEED = 20_260_101;

const REWARDS: Readonly<Record<"ctr" | "watch_time_sec", Reward>> = {
  ctr: ({ clicked }) => Number(clicked),
  watch_time_sec: ({ watchSec }) => watchSec,
};

/** 95 % of resampled values lie between `ci_low` and `ci_high`. All are means over shown items. */
export interface EstimateRow {
  readonly metric: keyof typeof REWARDS;
  readonly estimator: Estimator;
  readonly value: number;
  readonly ci_low: number;
  readonly ci_high: number;
}

export interface OffPolicyReport {
  readonly run_id: string;
  readonly from: string;
  readonly to: string;
  readonly slates: number;
  readonly users: number;
  readonly shown_items: number;
  /** Slates that say nothing of the run: degraded ones, and those whose features are not kept. */
  readonly slates_left_out: number;
  readonly overlap: number;
  readonly effective_sample_size: number;
  readonly mean_weight: number;
  readonly cut_weights: number;
  readonly estimates: readonly EstimateRow[];
}

export interface OffPolicyInput {
  readonly runId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly slates: readonly LoggedSlate[];
  readonly leftOut: number;
}

/** An error says why there is no estimate. */
export function offPolicyReport(input: OffPolicyInput): Result<OffPolicyReport, string> {
  const { runId, fromMs, toMs, slates, leftOut } = input;
  const support = supportOf(slates, WEIGHT_CAP);
  if (support.shownItems === 0) return err(`no slates to estimate from; ${leftOut} were left out`);
  if (support.overlap < LEAST_OVERLAP) {
    const [share, least] = [support.overlap, LEAST_OVERLAP].map((part) => (100 * part).toFixed(1));
    return err(`the run would have shown ${share} % of what was served, and ${least} % are needed`);
  }
  const estimates = Object.entries(REWARDS).flatMap(([metric, reward]) => {
    const random = seededRandom(SEED);
    const by = estimate(slates, reward, { weightCap: WEIGHT_CAP, resamples: RESAMPLES, random });
    return ESTIMATORS.map((estimator): EstimateRow => {
      const { value, low, high } = by[estimator];
      return { metric: metric as EstimateRow["metric"], estimator, value, ci_low: low, ci_high: high };
    });
  });
  return ok({
    run_id: runId,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    slates: support.slates,
    users: support.users,
    shown_items: support.shownItems,
    slates_left_out: leftOut,
    overlap: support.overlap,
    effective_sample_size: support.effectiveSampleSize,
    mean_weight: support.meanWeight,
    cut_weights: support.cutWeights,
    estimates,
  });
}
