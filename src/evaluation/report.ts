/** The report of an evaluation, as it is written to `evaluation.json`. */

import { seededRandom } from "../core/random.ts";
import type { AnswerSheet } from "./answer-sheet.ts";
import { type ClusteredSums, intervalOf, meanOf, pairedInterval, resampledMeans } from "./bootstrap.ts";
import { COVERAGE, NOVELTY, RANK_METRICS } from "./metrics.ts";
import type { Protocol, Question, Split } from "./split.ts";

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

export interface EvaluationReport {
  readonly run_id: string;
  readonly protocol: Protocol;
  /** Questions asked. */
  readonly n_events: number;
  /** Users who were asked about. */
  readonly n_users: number;
  /** Items that the models know. */
  readonly n_items: number;
  readonly rows: readonly MetricRow[];
  readonly paired: readonly PairedRow[];
  readonly created_at: string;
}

export interface ReportInput {
  readonly runId: string;
  readonly createdAtMs: number;
  readonly protocol: Protocol;
  readonly split: Split;
  readonly itemCount: number;
  readonly sheets: readonly AnswerSheet[];
  /** The model whose difference to each other one is told. */
  readonly candidate: string;
}

/** There must be at least one question. */
export function reportOf(input: ReportInput): EvaluationReport {
  const { split, sheets, itemCount, candidate } = input;
  const clustered = sumsByUser(split.questions, sheets);
  const { counts, columns } = clustered;
  const resampled = resampledMeans(clustered, RESAMPLES, seededRandom(SEED));
  const column = (model: string, metric: string) => {
    const name = columnName(model, metric);
    return {
      mean: meanOf(columns.get(name) as Float64Array, counts),
      resampled: resampled.get(name) as Float64Array,
    };
  };
  const rows = sheets.flatMap(({ model, shown }): MetricRow[] => [
    ...RESAMPLED.map((metric) => {
      const { mean, resampled: draws } = column(model, metric);
      const { low, high } = intervalOf(draws);
      return { model, metric, value: mean, ci_low: low, ci_high: high };
    }),
    // Users drawn twice add nothing to a union: resampled coverage is always less than the real one.
    { model, metric: COVERAGE, value: shown.size / itemCount, ci_low: null, ci_high: null },
  ]);
  const others = sheets.map(({ model }) => model).filter((model) => model !== candidate);
  const paired = others.flatMap((other) =>
    RESAMPLED.map((metric): PairedRow => {
      const [a, b] = [column(candidate, metric), column(other, metric)];
      const { low, high } = pairedInterval(a.resampled, b.resampled);
      return { a: candidate, b: other, metric, diff: a.mean - b.mean, ci_low: low, ci_high: high };
    }),
  );
  return {
    run_id: input.runId,
    protocol: input.protocol,
    n_events: split.questions.length,
    n_users: counts.length,
    n_items: itemCount,
    rows,
    paired,
    created_at: new Date(input.createdAtMs).toISOString(),
  };
}

const RESAMPLED = [...RANK_METRICS.map(({ name }) => name), NOVELTY];

const columnName = (model: string, metric: string) => `${metric} of ${model}`;

/** Users stand in the order of their ids, so that the order of the input decides nothing. */
function sumsByUser(questions: readonly Question[], sheets: readonly AnswerSheet[]): ClusteredSums {
  const users = [...new Set(questions.map(({ target }) => target.userId))].sort();
  const placeOf = new Map(users.map((userId, place) => [userId, place]));
  const places = questions.map(({ target }) => placeOf.get(target.userId) as number);
  const sum = (valueAt: (index: number) => number) => {
    const sums = new Float64Array(users.length);
    for (const [index, place] of places.entries()) sums[place] = (sums[place] as number) + valueAt(index);
    return sums;
  };
  const columns = new Map<string, Float64Array>();
  for (const { model, ranks, novelty } of sheets) {
    for (const { name, of } of RANK_METRICS) {
      columns.set(
        columnName(model, name),
        sum((index) => of(ranks[index] as number)),
      );
    }
    columns.set(
      columnName(model, NOVELTY),
      sum((index) => novelty[index] as number),
    );
  }
  return { counts: sum(() => 1), columns };
}
