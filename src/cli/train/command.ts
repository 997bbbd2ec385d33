/** `reco train`: learns a model from the stored events, and writes it down as a run that a policy can name. */

import { Command } from "commander";
import { TRAINING_DUTY, trainRun } from "../../actors/train-run.ts";
import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { type MemoryPlan, TooLittleMemoryError } from "../../models/memory-plan.ts";
import { hasRun } from "../../stores/files/run-folder.ts";
import { asLeader } from "../../stores/postgres/leader-lock.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { checkRunId, makeRunFolder } from "../evaluate/run-folder.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";

/** Of all reading and writing together. */
const STORE_TIMEOUT_MS = 3_600_000;

/** One of those that read holds the lock of the duty. */
const CONNECTIONS = 4;

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
        if (error instanceof TooLittleMemoryError) throw new CommandError(EXIT_FAILED, error.message);
        throw asCommandError(error);
      }
    });
}

async function run(flags: TrainFlags, config: Config): Promise<void> {
  refuseUnusable(flags.runId, config.dataDir);
  await using store = await openStore(config, "reco-train", CONNECTIONS);
  const deadline = Deadline.after(STORE_TIMEOUT_MS);
  const nowMs = systemClock.nowMs();
  const led = await asLeader(store.pool, TRAINING_DUTY, deadline, async () => {
    const trained = await trainRun({
      pool: store.pool,
      config,
      memoryBytes: config.trainer.memoryMaxBytes,
      clock: systemClock,
      deadline,
      claim: () =>
        makeRunFolder({ runId: flags.runId, output: undefined, reportsDir: config.reportsDir, nowMs }),
      incumbent: null,
      onStage: (_, what) => console.error(`training: ${what}`),
      onPlan: (plan) => console.error(describe(plan, config.trainer.memoryMaxBytes)),
    });
    if (trained === null) throw new CommandError(EXIT_FAILED, "there are no events to learn from");
    console.log(trained.folder);
  });
  if (!led) throw new CommandError(EXIT_FAILED, "another training is under way: try again when it is over");
}

/** Said before minutes of training, not after them: a run is never changed. */
function refuseUnusable(runId: string | undefined, dataDir: string): void {
  checkRunId(runId);
  if (runId !== undefined && hasRun(dataDir, runId)) {
    throw new CommandError(EXIT_FAILED, `there is a run ${runId} already`);
  }
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_048_576)} MB`;

function describe({ maxEvents, matrixBytes, itemBytes, listLength }: MemoryPlan, maxBytes: number): string {
  return `memory: ${megabytes(maxBytes)}, of which matrices ${megabytes(matrixBytes)}, items ${megabytes(itemBytes)} with lists of ${listLength}; room for ${maxEvents} events`;
}
