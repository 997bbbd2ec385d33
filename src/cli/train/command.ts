/** `reco train`: learns a model from the stored events, and writes it down as a run that a policy can name. */

import { Command } from "commander";
import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { type MemoryPlan, memoryPlan } from "../../models/memory-plan.ts";
import { train } from "../../models/train.ts";
import { readItemTexts, readTrainingLog, trainingSize } from "../../stores/postgres/training-reader.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { makeRunFolder } from "../evaluate/run-folder.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";
import { rangeOf, storeRun } from "./store-run.ts";

/** Of all reading and writing together. */
const STORE_TIMEOUT_MS = 3_600_000;

interface TrainFlags {
  readonly runId?: string;
}

export function trainCommand(): Command {
  return new Command("train")
    .description("learn a model from the stored events; prints the folder of the run")
    .option("--run-id <id>", "name of the run, like 20260101_023000 (default: the time)")
    .action(async (flags: TrainFlags) => {
      try {
        await run(flags, configOrExit());
      } catch (error) {
        throw asCommandError(error);
      }
    });
}

async function run(flags: TrainFlags, config: Config): Promise<void> {
  await using store = await openStore(config, "reco-train");
  const deadline = Deadline.after(STORE_TIMEOUT_MS);
  const { pool } = store;
  const size = await trainingSize(pool, deadline);
  if (size.events === 0) throw new CommandError(EXIT_FAILED, "there are no events to learn from");
  const plan = memoryPlan(config.trainer.memoryMaxBytes, size.items, config.trainer.easeMaxRows);
  console.error(describe(plan, config.trainer.memoryMaxBytes));
  const { log, leftOut } = await readTrainingLog(pool, size, plan.maxEvents, deadline, (read) =>
    console.error(`read ${read} of ${Math.min(size.events, plan.maxEvents)} events`),
  );
  const nowMs = systemClock.nowMs();
  const { runId, path } = makeRunFolder({
    runId: flags.runId,
    output: undefined,
    reportsDir: config.reportsDir,
    nowMs,
  });
  const trained = train(log, {
    runId,
    texts: await readItemTexts(pool, deadline),
    halfLifeHours: config.reco.popularityHalfLifeHours,
    easeMaxRows: plan.easeMaxRows,
    onStage: (stage) => console.error(`training: ${stage}`),
  });
  const data = { ...rangeOf(log), watermark: String(size.watermark), leftOut };
  const { dataDir } = config;
  console.log(await storeRun(pool, { trained, data, dataDir, reports: path, nowMs }, deadline));
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_048_576)} MB`;

function describe({ maxEvents, matrixBytes, listBytes }: MemoryPlan, maxBytes: number): string {
  return `memory: ${megabytes(maxBytes)}, of which matrices ${megabytes(matrixBytes)}, lists ${megabytes(listBytes)}; room for ${maxEvents} events`;
}
