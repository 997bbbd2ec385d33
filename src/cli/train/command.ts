/** `reco train`: learns a model from the stored events, and writes it down as a run that a policy can name. */

import { Command } from "commander";
import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { sha256 } from "../../models/bundle.ts";
import { type MemoryPlan, memoryPlan } from "../../models/memory-plan.ts";
import { encodeModel, servedPart } from "../../models/model-file.ts";
import { BUNDLE_FILE, type DataRange, runDocuments } from "../../models/run-documents.ts";
import { type Trained, train } from "../../models/train.ts";
import { type TrainingLog, userCount } from "../../models/training-log.ts";
import { mirrorDocuments, writeRun } from "../../stores/files/run-folder.ts";
import { insertModelRun } from "../../stores/postgres/model-runs.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";
import { readItemTexts, readTrainingLog, trainingSize } from "../../stores/postgres/training-reader.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { makeRunFolder } from "../evaluate/run-folder.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";

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
  if (plan.leastBytes > config.trainer.memoryMaxBytes) {
    throw new CommandError(
      EXIT_FAILED,
      `training ${size.items} items takes at least ${megabytes(plan.leastBytes)}, and TRAINER_MEMORY_MAX_MB allows ${megabytes(config.trainer.memoryMaxBytes)}`,
    );
  }
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
    ialsMaxUsers: plan.ialsMaxUsers,
    listLength: plan.listLength,
    mayGoOn: () => deadline.remainingMs() > STORE_TIMEOUT_MS / 2,
    onStage: (stage) => console.error(`training: ${stage}`),
  });
  const data = { ...rangeOf(log), watermark: String(size.watermark), leftOut };
  console.log(await storeRun(pool, config, { trained, data, reports: path, nowMs, deadline }));
}

interface Storing {
  readonly trained: Trained;
  readonly data: DataRange;
  readonly reports: string;
  readonly nowMs: number;
  readonly deadline: Deadline;
}

/** The files first: a row never names what is not there. */
async function storeRun(
  pool: Pool,
  config: Config,
  { trained, data, reports, nowMs, deadline }: Storing,
): Promise<string> {
  const { runId, strategy } = trained.model;
  const bundle = encodeModel(servedPart(trained.model));
  const documents = runDocuments(trained, bundle, data, nowMs);
  const folder = await writeRun(config.dataDir, runId, bundle, documents);
  await mirrorDocuments(reports, documents);
  await insertModelRun(
    pool,
    {
      runId,
      strategy,
      artifactUri: `runs/${runId}/${BUNDLE_FILE}`,
      artifactSha256: sha256(bundle),
      manifest: documents.get("manifest.json") as object,
      policy: documents.get("decision_policy.json") as object,
    },
    deadline,
  );
  return folder;
}

function rangeOf(log: TrainingLog): Omit<DataRange, "watermark" | "leftOut"> {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const tsMs of log.tsMs) {
    fromMs = Math.min(fromMs, tsMs);
    toMs = Math.max(toMs, tsMs);
  }
  return { events: log.items.length, users: userCount(log), items: log.itemIds.length, fromMs, toMs };
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_048_576)} MB`;

function describe({ maxEvents, matrixBytes, itemBytes, listLength }: MemoryPlan, maxBytes: number): string {
  return `memory: ${megabytes(maxBytes)}, of which matrices ${megabytes(matrixBytes)}, items ${megabytes(itemBytes)} with lists of ${listLength}; room for ${maxEvents} events`;
}
