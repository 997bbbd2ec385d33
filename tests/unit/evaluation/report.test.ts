import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AnswerSheet } from "../../../src/evaluation/answer-sheet.ts";
import { asChart } from "../../../src/evaluation/chart.ts";
import { type EvaluationReport, reportOf } from "../../../src/evaluation/report.ts";
import { type Split, splitBy } from "../../../src/evaluation/split.ts";
import { Surprise } from "../../../src/evaluation/surprise.ts";
import { asMarkdown, modelTable, pairedTable } from "../../../src/evaluation/tables.ts";
import type { Interaction } from "../../../src/events/model.ts";
import { takes } from "./takes.ts";

const STORY = "ann:a bob:a ann:b bob:b eve:a eve:b eve:c dan:a ann:c dan:c";

/** Sheets of models that answer each question with the list they are given for it. */
function reportFor(
  split: Split,
  models: Record<string, (target: Interaction) => string[]>,
): EvaluationReport {
  const surprise = new Surprise(split.training);
  const sheets = Object.entries(models).map(([model, answer]) => {
    const sheet = new AnswerSheet(model, split.questions, surprise);
    for (const [index, { target }] of split.questions.entries()) {
      const itemIds = answer(target);
      sheet.note(index, { itemIds, scores: itemIds.map((_, place) => -place) });
    }
    return sheet;
  });
  const common = { runId: "20260101_023000", createdAtMs: 1_767_225_600_000, protocol: "rolling" as const };
  return reportOf({ ...common, split, itemCount: 3, sheets, candidate: "perfect" });
}

const valueIn = ({ rows }: EvaluationReport, model: string, metric: string) =>
  rows.find((row) => row.model === model && row.metric === metric)?.value;

const TWO = { perfect: ({ itemId }: Interaction) => [itemId], useless: () => ["b"] };

describe("report", () => {
  const report = reportFor(splitBy("rolling", takes(STORY)), TWO);

  test("counts what was asked", () => {
    expect(report).toMatchObject({
      run_id: "20260101_023000",
      protocol: "rolling",
      n_events: 2,
      n_users: 2,
      n_items: 3,
      created_at: "2026-01-01T00:00:00.000Z",
    });
    expect(Object.keys(report).sort()).toEqual([
      "created_at",
      "n_events",
      "n_items",
      "n_users",
      "paired",
      "protocol",
      "rows",
      "run_id",
    ]);
  });

  test("a perfect model has 1 in every metric of rank, one without any hit 0", () => {
    for (const metric of ["hr@10", "ndcg@10", "mrr@10", "hr@20", "ndcg@20", "mrr@20"]) {
      expect(valueIn(report, "perfect", metric)).toBe(1);
      expect(valueIn(report, "useless", metric)).toBe(0);
    }
  });

  test("coverage is the share of known items that were shown, without an interval", () => {
    expect(report.rows.find(({ metric, model }) => metric === "coverage@20" && model === "perfect")).toEqual({
      model: "perfect",
      metric: "coverage@20",
      value: 1 / 3,
      ci_low: null,
      ci_high: null,
    });
  });

  test("novelty is the surprise of what was shown: one of four users had c, three had b", () => {
    expect(valueIn(report, "perfect", "novelty@20")).toBe(2);
    expect(valueIn(report, "useless", "novelty@20")).toBeCloseTo(Math.log2(4 / 3), 12);
  });

  test("tells the difference to each other model over the same draws", () => {
    expect(report.paired.find(({ metric }) => metric === "ndcg@10")).toEqual({
      a: "perfect",
      b: "useless",
      metric: "ndcg@10",
      diff: 1,
      ci_low: 1,
      ci_high: 1,
    });
  });

  test("does not depend on the order of the users in the input", () => {
    const users = ["ann", "bob", "eve", "dan"];
    const all = takes(STORY);
    fc.assert(
      fc.property(fc.shuffledSubarray(users, { minLength: users.length }), (order) => {
        const shuffled = order.flatMap((name) => all.filter(({ userId }) => userId === name));
        expect(reportFor(splitBy("rolling", shuffled), TWO)).toEqual(report);
      }),
    );
  });
});

describe("report for people", () => {
  const report = reportFor(splitBy("rolling", takes(STORY)), TWO);

  test("has a line a model, the main metric first", () => {
    const [heads, perfect] = modelTable(report);
    expect(heads?.slice(0, 3)).toEqual(["model", "ndcg@10", "95 % interval"]);
    expect(perfect?.slice(0, 4)).toEqual(["perfect", "1.0000", "1.0000 to 1.0000", "1.0000"]);
  });

  test("says which differences are beyond chance", () => {
    expect(pairedTable(report)[1]).toEqual(["perfect - useless", "1.0000", "1.0000 to 1.0000", "better"]);
  });

  test("the page says what was asked, and how many settings were tried", () => {
    const page = asMarkdown(report, 643);
    expect(page).toContain("2 events of 2 users");
    expect(page).toContain("Settings tried on these events: none");
    expect(page).toContain("| perfect | 1.0000 | 1.0000 to 1.0000 |");
    expect(page).toContain("(evaluation.svg)");
  });

  test("the chart has a bar and an interval for each model, and shows names as text", () => {
    const rows = report.rows.map((row) => ({ ...row, model: row.model.replace("useless", "<b>&") }));
    const chart = asChart({ ...report, rows });
    expect(chart.match(/<rect /g)).toHaveLength(2);
    expect(chart.match(/<path /g)).toHaveLength(2);
    expect(chart).toContain("&lt;b>&amp;");
    expect(chart).toContain('width="440"'); // The best bar takes all the room.
  });
});
