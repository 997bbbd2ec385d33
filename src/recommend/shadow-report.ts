/** Adds up what all workers' comparisons have shown of a shadow. */

import { OVERLAP_LENGTH, type ShadowSampleSet } from "./shadow-samples.ts";

/** In ms. */
export interface LatencyFigures {
  readonly p50: number | null;
  readonly p95: number | null;
}

/** Null where there is nothing to tell. */
export interface ShadowReport {
  readonly k: number;
  readonly sample_size: number;
  /** Mean share of the first `k` items that both have. */
  readonly overlap_at_k: number | null;
  /** Mean of Spearman's coefficient over the items that both have. */
  readonly rank_correlation: number | null;
  /** Population stability index of the scores of the first `k` items. */
  readonly score_psi: number | null;
  readonly latency_ms: { readonly primary: LatencyFigures; readonly shadow: LatencyFigures };
  readonly errors: number;
  /** Comparisons left out because there was no time for them. */
  readonly shed: number;
}

const BINS = 10;
/** Added to each share, so that an empty bin has a logarithm. */
const SHARE_FLOOR = 1e-8;

/** Of the sets of one pair of policies. */
export function shadowReport(sets: readonly ShadowSampleSet[]): ShadowReport {
  const samples = sets.flatMap((set) => set.samples);
  const known = samples.map(({ correlation }) => correlation).filter((each) => !Number.isNaN(each));
  return {
    k: OVERLAP_LENGTH,
    sample_size: samples.length,
    overlap_at_k: mean(samples.map(({ overlap }) => overlap)),
    rank_correlation: mean(known),
    score_psi: stabilityIndex(
      samples.flatMap(({ primaryScores }) => primaryScores),
      samples.flatMap(({ shadowScores }) => shadowScores),
    ),
    latency_ms: {
      primary: latencies(samples.map(({ primaryMs }) => primaryMs)),
      shadow: latencies(samples.map(({ shadowMs }) => shadowMs)),
    },
    errors: sets.reduce((sum, set) => sum + set.errors, 0),
    shed: sets.reduce((sum, set) => sum + set.shed, 0),
  };
}

/**
 * Sum over ten equally wide bins between the least and the greatest value of (a - e) ln(a / e), where e and a are the
 * shares of expected and actual values in a bin. 0 where all values are equal, null without values of both.
 */
export function stabilityIndex(expected: readonly number[], actual: readonly number[]): number | null {
  if (expected.length === 0 || actual.length === 0) return null;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const values of [expected, actual]) {
    for (const value of values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  if (most <= least) return 0;
  const shares = (values: readonly number[]) => {
    const counts = new Float64Array(BINS);
    for (const value of values) {
      const bin = Math.min(BINS - 1, Math.floor((BINS * (value - least)) / (most - least)));
      counts[bin] = (counts[bin] as number) + 1;
    }
    return counts.map((count) => count / values.length + SHARE_FLOOR);
  };
  const [e, a] = [shares(expected), shares(actual)];
  return e.reduce((sum, share, bin) => {
    const other = a[bin] as number;
    return sum + (other - share) * Math.log(other / share);
  }, 0);
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

function latencies(values: readonly number[]): LatencyFigures {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
  return { p50: at(0.5), p95: at(0.95) };
}
