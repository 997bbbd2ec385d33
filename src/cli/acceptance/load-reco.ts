/** `reco load-reco`: measures how a running reco recommends under load. */

import { Command, Option } from "commander";
import { systemClock } from "../../core/clock.ts";
import { systemRandom } from "../../core/random.ts";
import { settingsOrExit } from "../configuration.ts";
import { EXIT_OK } from "../exit-codes.ts";
import { ApiClient } from "./api-client.ts";
import { baseUrl, count, outputJson, positive, seconds, serverOf } from "./flags.ts";
import { type LoadReport, runLoad } from "./load-run.ts";
import { reportText, writeReport } from "./report-file.ts";

const DEFAULT_URL = "http://localhost:8000";
const MAX_ERROR_RATE_PCT = 10;
const EXIT_TOO_MANY_ERRORS = 2;
const EXIT_SLA_MISSED = 3;

interface LoadFlags {
  readonly baseUrl?: string;
  readonly requests: number;
  readonly concurrency: number;
  readonly k: number;
  readonly timeoutSec: number;
  readonly warmup: number;
  readonly autologImpressions: boolean;
  readonly rate?: number;
  readonly enforceSla: boolean;
  readonly outputJson: string;
}

export function loadRecoCommand(): Command {
  return new Command("load-reco")
    .description(
      "ask a running reco for recommendations and measure it; prints a JSON report, exit 2 above 10 % errors",
    )
    .addOption(baseUrl(DEFAULT_URL))
    .addOption(count("--requests <n>", "requests that are measured", 2_000))
    .addOption(count("--concurrency <n>", "requests at a time, where --rate is not given", 50))
    .addOption(count("--k <n>", "items to ask for", 20))
    .addOption(seconds("--timeout-sec <sec>", "longest wait for one answer", 2))
    .addOption(count("--warmup <n>", "requests before those that are measured", 200, 0))
    .option("--autolog-impressions", "let the server log what it recommends", false)
    .addOption(
      new Option(
        "--rate <n>",
        "requests a second by schedule, however slow the answers are (open loop)",
      ).argParser(positive),
    )
    .option("--enforce-sla", "exit 3 when a target of the server's contract is missed", false)
    .addOption(outputJson())
    .addHelpText("after", "\nRECO_API_KEY, else DS_API_KEY, is sent as x-api-key.")
    .action(async (flags: LoadFlags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: LoadFlags): Promise<number> {
  const server = serverOf(flags.baseUrl, settingsOrExit(), DEFAULT_URL);
  using api = new ApiClient({ ...server, timeoutMs: flags.timeoutSec * 1000 });
  const config = {
    base_url: server.baseUrl,
    requests: flags.requests,
    concurrency: flags.concurrency,
    k: flags.k,
    timeout_sec: flags.timeoutSec,
    warmup: flags.warmup,
    autolog_impressions: flags.autologImpressions,
  };
  const report = await runLoad(config, flags.rate ?? null, {
    api,
    clock: systemClock,
    random: systemRandom,
    onProgress: (line) => console.log(`[load] ${line}`),
  });
  console.log(reportText(report));
  writeReport(flags.outputJson, report);
  return exitCodeOf(report, flags.enforceSla);
}

function exitCodeOf({ summary, sla }: LoadReport, enforceSla: boolean): number {
  if (summary.error_rate_pct > MAX_ERROR_RATE_PCT) return EXIT_TOO_MANY_ERRORS;
  if (!enforceSla) return EXIT_OK;
  const met = Object.entries(sla.met);
  const unknown = met.flatMap(([name, value]) => (value === null ? [name] : []));
  if (unknown.length > 0) console.error(`the contract names no target for ${unknown.join(", ")}`);
  return met.some(([, value]) => value === false) ? EXIT_SLA_MISSED : EXIT_OK;
}
