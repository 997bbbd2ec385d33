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

/** The trainer chooses between settings that are nearly as good, so that its last digits are no law. */
function expectTrainedToLead(report: EvaluationReport, least: number): void {
  const { trained = "0", ...others } = mainValues(report);
  expect(Object.keys(others)).toContain("ease");
  expect(Number(trained)).toBeGreaterThanOrEqual(least);
  for (const value of Object.values(others)) expect(Number(trained)).toBeGreaterThan(Number(value));
}

test("rolling on ml-latest-small", async () => {
  const report = await measure("rolling");
  expect(report).toMatchObject({ n_events: 9_624, n_users: 118, n_items: 5_186 });
  expect(mainValues(report)).toMatchObject({
    popularity: "0.0239",
    decayed_popularity: "0.0296",
    "rules-v1": "0.0253",
    sequential_rules: "0.0457",
    "stream-v1": "0.0477",
  });
  expectTrainedToLead(report, 0.06);
}, 300_000);

test("loo on ml-latest-small", async () => {
  const report = await measure("loo");
  expect(report).toMatchObject({ n_events: 608, n_users: 608, n_items: 6_263 });
  expect(mainValues(report)).toMatchObject({
    popularity: "0.0218",
    decayed_popularity: "0.0171",
    "rules-v1": "0.0222",
    sequential_rules: "0.0523",
    "stream-v1": "0.0507",
  });
  expectTrainedToLead(report, 0.04);
}, 300_000);
