/** The report of an evaluation, as it is written to `evaluation.json`. */

import type { AnswerSheet } from "./answer-sheet.ts";
import { type ClusteredSums, sumsByCluster } from "./bootstrap.ts";
import { columnName, compare, type MetricRow, type PairedRow } from "./compare.ts";
import { COVERAGE, NOVELTY, RANK_METRICS } from "./metrics.ts";
import type { Protocol, Question, Split } from "./split.ts";

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
  const models = sheets.map(({ model }) => model);
  const compared = compare(clustered, models, RESAMPLED, candidate);
  const rows = sheets.flatMap(({ model, shown }): MetricRow[] => [
    ...compared.rows.filter((row) => row.model === model),
    // Users drawn twice add nothing to a union: resampled coverage is always less than the real one.
    { model, metric: COVERAGE, value: shown.size / itemCount, ci_low: null, ci_high: null },
  ]);
  return {
    run_id: input.runId,
    protocol: input.protocol,
    n_events: split.questions.length,
    n_users: clustered.counts.length,
    n_items: itemCount,
    rows,
    paired: compared.paired,
    created_at: new Date(input.createdAtMs).toISOString(),
  };
}

const RESAMPLED = [...RANK_METRICS.map(({ name }) => name), NOVELTY];

/** Users stand in the order of their ids, so that the order of the input decides nothing. */
function sumsByUser(questions: readonly Question[], sheets: readonly AnswerSheet[]): ClusteredSums {
  const columns = new Map<string, (index: number) => number>();
  for (const { model, ranks, novelty } of sheets) {
    for (const { name, of } of RANK_METRICS) {
      columns.set(columnName(model, name), (index) => of(ranks[index] as number));
    }
    columns.set(columnName(model, NOVELTY), (index) => novelty[index] as number);
  }
  return sumsByCluster(
    questions.map(({ target }) => target.userId),
    columns,
  );
}
