/** Figures of the shipped ratings. They change when a model or the protocol does, and then on purpose. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { evaluate } from "../../src/cli/evaluate/evaluate.ts";
import { readInput } from "../../src/cli/evaluate/input.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type EvaluationReport, reportOf } from "../../src/evaluation/report.ts";
import type { Protocol } from "../../src/evaluation/split.ts";

const RATINGS = join(import.meta.dir, "../../datasets/ml-latest-small");

async function measure(protocol: Protocol): Promise<EvaluationReport> {
  const loaded = loadConfig({ env: {} });
  if (!loaded.ok) throw new Error("no configuration");
  const { signal } = new AbortController();
  const evaluated = await evaluate(await readInput(RATINGS, loaded.value.config), {
    protocol,
    throughApi: false,
    prequential: false,
    halfLifeHours: 8_760,
    easeMaxRows: 4_000,
    onStage() {},
    signal,
  });
  return reportOf({
    ...evaluated,
    runId: "20260101_023000",
    createdAtMs: 0,
    protocol,
    candidate: "trained",
  });
}

const mainValues = ({ rows }: EvaluationReport) =>
  Object.fromEntries(
    rows.filter(({ metric }) => metric === "ndcg@10").map(({ model, value }) => [model, value.toFixed(4)]),
  );

test("rolling on ml-latest-small", async () => {
  const report = await measure("rolling");
  expect(report).toMatchObject({ n_events: 9_624, n_users: 118, n_items: 5_186 });
  expect(mainValues(report)).toEqual({
    popularity: "0.0239",
    decayed_popularity: "0.0296",
    "rules-v1": "0.0253",
    sequential_rules: "0.0457",
    "stream-v1": "0.0477",
    ease: "0.0590",
    item_knn: "0.0506",
    content: "0.0235",
    session_knn: "0.0491",
    trained: "0.0680",
  });
  const main = report.paired.filter(({ metric }) => metric === "ndcg@10");
  expect(main.map(({ a }) => a)).toEqual(main.map(() => "trained"));
  expect(main.filter(({ ci_low }) => ci_low <= 0)).toEqual([]);
}, 300_000);

test("loo on ml-latest-small", async () => {
  const report = await measure("loo");
  expect(report).toMatchObject({ n_events: 608, n_users: 608, n_items: 6_263 });
  expect(mainValues(report)).toEqual({
    popularity: "0.0218",
    decayed_popularity: "0.0171",
    "rules-v1": "0.0222",
    sequential_rules: "0.0523",
    "stream-v1": "0.0507",
    ease: "0.0602",
    item_knn: "0.0434",
    content: "0.0251",
    session_knn: "0.0339",
    trained: "0.0701",
  });
}, 300_000);
