/** A report as tables of text, and as a Markdown page. */

import { RESAMPLES } from "./compare.ts";
import { COVERAGE, NOVELTY } from "./metrics.ts";
import type { EvaluationReport } from "./report.ts";

/** Rows of cells, the first row being the heads. */
export type Table = readonly (readonly string[])[];

/** What the others are judged by. */
export const MAIN_METRIC = "ndcg@10";

const DECIMALS: Readonly<Record<string, number>> = { [COVERAGE]: 3, [NOVELTY]: 2 };

const PROTOCOL_SENTENCE = {
  rolling:
    "Models learn what happened before a cut at 80 % of all events and change no more; each later event is asked for in turn, and the user's profile grows by it.",
  loo: "Models learn everything but the last event of each user with at least two; that one is asked for.",
  session:
    "Models learn what happened before a cut at 80 % of all events; each later session is somebody unknown, whose next event is asked for in turn.",
} as const;

/** A line a model: the main metric with its interval, then the rest. */
export function modelTable({ rows }: EvaluationReport): Table {
  const models = [...new Set(rows.map(({ model }) => model))];
  const metrics = [...new Set(rows.map(({ metric }) => metric))].filter((metric) => metric !== MAIN_METRIC);
  const cell = (model: string, metric: string) => {
    const row = rows.find((each) => each.model === model && each.metric === metric);
    return row === undefined ? "" : number(row.value, metric);
  };
  const lines = models.map((model) => {
    const main = rows.find((row) => row.model === model && row.metric === MAIN_METRIC);
    const interval = main ? bounds(main.ci_low, main.ci_high) : "";
    return [model, cell(model, MAIN_METRIC), interval, ...metrics.map((metric) => cell(model, metric))];
  });
  return [["model", MAIN_METRIC, "95 % interval", ...metrics], ...lines];
}

/** A line for each other model: how much better the candidate is by the main metric. */
export function pairedTable({ paired }: EvaluationReport): Table {
  const lines = paired
    .filter(({ metric }) => metric === MAIN_METRIC)
    .map(({ a, b, metric, diff, ci_low, ci_high }) => [
      `${a} - ${b}`,
      number(diff, metric),
      bounds(ci_low, ci_high),
      verdict(ci_low, ci_high),
    ]);
  return [["difference", MAIN_METRIC, "95 % interval", ""], ...lines];
}

/** The page beside `evaluation.json`. `settingsTried` is the number of those that the trained policy chose among. */
export function asMarkdown(report: EvaluationReport, settingsTried: number): string {
  const { run_id, protocol, n_events, n_users, n_items, created_at } = report;
  return `# Evaluation ${run_id}

Protocol \`${protocol}\`. ${PROTOCOL_SENTENCE[protocol]}

${n_events} events of ${n_users} users were asked for, among ${n_items} items. Every unseen item competes; none is sampled.
Intervals come from ${RESAMPLES} draws of users. Settings tried on these events: none. The trained policy chose among
${settingsTried} settings on the last fifth of what it learned from; all other models have their defaults.

${markdown(modelTable(report))}

![${MAIN_METRIC} by model](evaluation.svg)

${markdown(pairedTable(report))}

Made at ${created_at}. How to read it: docs/evaluation.md.
`;
}

function markdown([heads = [], ...lines]: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(heads),
    line(heads.map((_, column) => (column === 0 ? "---" : "---:"))),
    ...lines.map(line),
  ].join("\n");
}

const verdict = (low: number, high: number) => {
  if (low > 0) return "better";
  if (high < 0) return "worse";
  return low === high ? "equal" : "undecided";
};

const number = (value: number, metric: string) => value.toFixed(DECIMALS[metric] ?? 4);

const bounds = (low: number | null, high: number | null) =>
  low === null || high === null ? "" : `${low.toFixed(4)} to ${high.toFixed(4)}`;
