/** `reco check-guardrails`: judges saved answers of a server against its contract. */

import { readFileSync, statSync } from "node:fs";
import { Command } from "commander";
import { asError } from "../../core/errors.ts";
import { parseJson } from "../../core/json.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { count, outputJson } from "./flags.ts";
import { describeGuardrails, guardrailReport } from "./guardrail-report.ts";
import { checkGuardrails } from "./guardrails.ts";
import { writeReport } from "./report-file.ts";

const MAX_FILE_BYTES = 8 * 1024 * 1024;

interface GuardrailFlags {
  readonly baselineJson: string;
  readonly contractJson: string;
  readonly recoMetricsJson: string;
  readonly minSlaSamples: number;
  readonly outputJson: string;
}

export function checkGuardrailsCommand(): Command {
  return new Command("check-guardrails")
    .description(
      "judge saved answers of a server against its contract; exit 1 when a check fails or a value is missing",
    )
    .option("--baseline-json <path>", "answer of /analytics/baseline, or its metrics", "baseline-kpi.json")
    .option("--contract-json <path>", "answer of /contract", "contract.json")
    .option("--reco-metrics-json <path>", "answer of /metrics/reco", "reco-metrics.json")
    .addOption(count("--min-sla-samples <n>", "samples below which latency is not judged", 100, 0))
    .addOption(outputJson())
    .action((flags: GuardrailFlags) => {
      process.exitCode = run(flags);
    });
}

function run(flags: GuardrailFlags): number {
  const { minSlaSamples } = flags;
  const checks = checkGuardrails({
    baseline: readJson(flags.baselineJson),
    contract: readJson(flags.contractJson),
    recoMetrics: readJson(flags.recoMetricsJson),
    minSlaSamples,
  });
  const report = guardrailReport(checks, minSlaSamples);
  for (const line of describeGuardrails(report)) console.log(line);
  for (const { name, message } of checks) if (message !== undefined) console.error(`${name}: ${message}`);
  writeReport(flags.outputJson, report);
  return report.summary.failed + report.summary.unknown > 0 ? EXIT_FAILED : EXIT_OK;
}

/** Null, with a line on standard error, when it cannot be read: the checks that need it are unknown then. */
function readJson(path: string): unknown {
  try {
    if (statSync(path).size > MAX_FILE_BYTES) throw new Error(`${path} is too large`);
    const parsed = parseJson(readFileSync(path, "utf8"));
    if (parsed.ok) return parsed.value;
    console.error(`${path}: ${parsed.error}`);
  } catch (error) {
    console.error(asError(error).message);
  }
  return null;
}
