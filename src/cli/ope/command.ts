/** `reco ope`: what a run would have brought, from slates that were served and explored. */

import { Command } from "commander";
import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { collectSlates } from "../../evaluation/ope/collect.ts";
import { type OffPolicyReport, offPolicyReport } from "../../evaluation/ope/report.ts";
import { RUN_ID } from "../../models/admit-run.ts";
import { BundleError } from "../../models/bundle.ts";
import { loadModel } from "../../models/model-file.ts";
import type { TrainedModel } from "../../recommend/trained-model.ts";
import { readRunBundle } from "../../stores/files/run-folder.ts";
import { createSlateLog } from "../../stores/postgres/slate-log.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { CommandError, EXIT_FAILED, EXIT_USAGE } from "../exit-codes.ts";
import { instant } from "../replay/flags.ts";

const TIMEOUT_MS = 3_600_000;
const DAY_MS = 86_400_000;

interface OpeFlags {
  readonly runId: string;
  readonly from?: number;
  readonly to?: number;
}

export function opeCommand(): Command {
  return new Command("ope")
    .description(
      "estimate clicks and watch time of a run from served slates and their propensities; prints JSON, refuses (1) where they say too little",
    )
    .requiredOption("--run-id <id>", "the run, as `reco train` named it")
    .addOption(instant("--from <time>", "slates served at or after this time (default: a day before --to)"))
    .addOption(instant("--to <time>", "slates served before this time (default: now)"))
    .action(async (flags: OpeFlags) => {
      try {
        console.log(JSON.stringify(await run(flags, configOrExit()), null, 2));
      } catch (error) {
        throw asCommandError(error);
      }
    });
}

async function run({ runId, from, to }: OpeFlags, config: Config): Promise<OffPolicyReport> {
  const toMs = to ?? systemClock.nowMs();
  const fromMs = from ?? toMs - DAY_MS;
  if (fromMs >= toMs) throw new CommandError(EXIT_USAGE, "--from must be before --to");
  const model = await readModel(config, runId);
  await using store = await openStore(config, "reco-ope");
  const range = { fromMs, toMs };
  const collected = await collectSlates(createSlateLog(store.pool), model, range, Deadline.after(TIMEOUT_MS));
  if (!collected.ok) throw new CommandError(EXIT_FAILED, collected.error);
  const report = offPolicyReport({ runId, ...range, ...collected.value });
  if (!report.ok) throw new CommandError(EXIT_FAILED, report.error);
  return report.value;
}

async function readModel(config: Config, runId: string): Promise<TrainedModel> {
  if (!RUN_ID.test(runId)) {
    throw new CommandError(EXIT_USAGE, `--run-id must look like 20260101_023000, not ${runId}`);
  }
  try {
    return loadModel(await readRunBundle(config.dataDir, runId));
  } catch (cause) {
    if (cause instanceof BundleError) throw new CommandError(EXIT_FAILED, cause.message, { cause });
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new CommandError(EXIT_FAILED, `there is no run ${runId} in the data folder`, { cause });
  }
}
