/** Sets models beside each other: the mean of each metric with its interval, and the difference of one model to the others. */

import { seededRandom } from "../core/random.ts";
import { type ClusteredSums, intervalOf, meanOf, pairedInterval, resampledMeans } from "./bootstrap.ts";

/** Draws of users behind each interval. */
export const RESAMPLES = 2_000;
/** Equal answers give equal intervals. */
const SEED = 20_260_101;

/** 95 % of resampled means lie between `ci_low` and `ci_high`; null where resampling cannot tell. */
export interface MetricRow {
  readonly model: string;
  readonly metric: string;
  readonly value: number;
  readonly ci_low: number | null;
  readonly ci_high: number | null;
}

/** `diff` = metric of `a` less that of `b`, over the same questions and the same draws. */
export interface PairedRow {
  readonly a: string;
  readonly b: string;
  readonly metric: string;
  readonly diff: number;
  readonly ci_low: number;
  readonly ci_high: number;
}

export interface Comparison {
  readonly rows: readonly MetricRow[];
  readonly paired: readonly PairedRow[];
}

/** Name of the column of a model's metric. */
export const columnName = (model: string, metric: string) => `${metric} of ${model}`;

/** `clustered` has a column for each model and metric. Differences are those of `candidate` to each other model. */
export function compare(
  clustered: ClusteredSums,
  models: readonly string[],
  metrics: readonly string[],
  candidate: string,
): Comparison {
  const { counts, columns } = clustered;
  const resampled = resampledMeans(clustered, RESAMPLES, seededRandom(SEED));
  const column = (model: string, metric: string) => {
    const name = columnName(model, metric);
    return {
      mean: meanOf(columns.get(name) as Float64Array, counts),
      resampled: resampled.get(name) as Float64Array,
    };
  };
  const rows = models.flatMap((model) =>
    metrics.map((metric): MetricRow => {
      const { mean, resampled: draws } = column(model, metric);
      const { low, high } = intervalOf(draws);
      return { model, metric, value: mean, ci_low: low, ci_high: high };
    }),
  );
  const others = models.filter((model) => model !== candidate);
  const paired = others.flatMap((other) =>
    metrics.map((metric): PairedRow => {
      const [a, b] = [column(candidate, metric), column(other, metric)];
      const { low, high } = pairedInterval(a.resampled, b.resampled);
      return { a: candidate, b: other, metric, diff: a.mean - b.mean, ci_low: low, ci_high: high };
    }),
  );
  return { rows, paired };
}
