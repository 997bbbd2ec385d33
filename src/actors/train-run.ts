/** One training run from stored events to a run that a policy can name: read, learn, write down. */

import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import { type Contest, type ContestFigures, holdContest } from "../evaluation/contest.ts";
import { sha256 } from "../models/bundle.ts";
import { checkPlan, type MemoryPlan, memoryPlan } from "../models/memory-plan.ts";
import { encodeModel, servedPart } from "../models/model-file.ts";
import { latestRunFiles, SHOWN_RUNS } from "../models/policy-mirrors.ts";
import { BUNDLE_FILE, type DataRange, runDocuments } from "../models/run-documents.ts";
import { type Trained, train } from "../models/train.ts";
import { type TrainingLog, userCount } from "../models/training-log.ts";
import type { RunFolder } from "../stores/files/claim-run.ts";
import { mirrorDocuments, writeRun } from "../stores/files/run-folder.ts";
import { insertModelRun } from "../stores/postgres/model-runs.ts";
import type { Pool } from "../stores/postgres/pool-types.ts";
import { readItemTexts, readTrainingLog, trainingSize } from "../stores/postgres/training-reader.ts";
import { registryPorts } from "../stores/registry-ports.ts";
import type { Serving } from "./incumbent.ts";

/** Whoever trains leads this duty, so that one run at a time is made on all nodes. */
export const TRAINING_DUTY = "trainer";

/** Steps of the pipeline as metrics name them. */
export type TrainingStep = "extract_load" | "evaluate" | "train_models";

export interface TrainRunOptions {
  readonly pool: Pool;
  readonly config: Config;
  /** What the training may plan with. */
  readonly memoryBytes: number;
  readonly clock: Clock;
  readonly deadline: Deadline;
  /** Names the run, once it is sure that there is something to learn from. */
  readonly claim: () => RunFolder;
  /** What the run is to be compared with; null: it is not to take over by itself. */
  readonly incumbent: (() => Promise<Serving>) | null;
  /** A step begins; `what` is what it does now. */
  readonly onStage: (step: TrainingStep, what: string) => void;
  readonly onPlan: (plan: MemoryPlan) => void;
}

export interface TrainRun {
  readonly runId: string;
  /** Where the run's files lie. */
  readonly folder: string;
  /** The run that served when this one was compared with it; null: a built-in policy. */
  readonly servingRun: string | null;
  /** Null: compared with nothing, or too little has happened since what serves was trained. */
  readonly contest: ContestFigures | null;
}

/** Null without events. Throws TooLittleMemoryError, and as the store and the file system do. */
export async function trainRun(options: TrainRunOptions): Promise<TrainRun | null> {
  const { pool, config, deadline, onStage } = options;
  const size = await trainingSize(pool, deadline);
  if (size.events === 0) return null;
  const isCompared = options.incumbent !== null;
  const plan = memoryPlan(options.memoryBytes, size.items, config.trainer.easeMaxRows, isCompared);
  checkPlan(plan, size.items, options.memoryBytes);
  options.onPlan(plan);
  const most = Math.min(size.events, plan.maxEvents);
  const { log, leftOut } = await readTrainingLog(pool, size, plan.maxEvents, deadline, (read) =>
    onStage("extract_load", `${read} of ${most} events`),
  );
  const texts = await readItemTexts(pool, deadline);
  const serving = await options.incumbent?.();
  const nowMs = options.clock.nowMs();
  const { runId, path: reports } = options.claim();
  const trainOptions = (step: TrainingStep) => ({
    runId,
    texts,
    halfLifeHours: config.reco.popularityHalfLifeHours,
    easeMaxRows: plan.easeMaxRows,
    ialsMaxUsers: plan.ialsMaxUsers,
    listLength: plan.listLength,
    mayGoOn: () => deadline.remainingMs() > deadline.budgetMs / 2,
    onStage: (what: string) => onStage(step, what),
  });
  // First, so that its model is gone when the one that stays is made.
  const contest = serving ? holdContest(log, serving.incumbent, trainOptions("evaluate")) : null;
  const trained = train(log, trainOptions("train_models"));
  const data = { ...rangeOf(log), watermark: String(size.watermark), leftOut };
  const folder = await storeRun(options, { trained, contest, data, reports, nowMs });
  await showRuns(options).catch((error) =>
    onStage("train_models", `model_registry.json is old: ${error.message}`),
  );
  const servingRun = serving?.runId ?? null;
  return { runId, folder, servingRun, contest: contest?.figures ?? null };
}

/** The run is there whether or not the folder of models can be written. */
async function showRuns({ pool, config, deadline }: TrainRunOptions): Promise<void> {
  const { dataDir, modelsDir, reportsDir } = config;
  const { runs, mirrors } = registryPorts({ pool, dataDir, modelsDir, reportsDir, writerId: TRAINING_DUTY });
  await mirrors.writeRuns(await runs.list(SHOWN_RUNS, deadline));
}

interface Storing {
  readonly trained: Trained;
  readonly contest: Contest | null;
  readonly data: DataRange;
  readonly reports: string;
  readonly nowMs: number;
}

/** The files first: a row never names what is not there. */
export async function storeRun(
  { pool, config, deadline }: Pick<TrainRunOptions, "pool" | "config" | "deadline">,
  { trained, contest, data, reports, nowMs }: Storing,
): Promise<string> {
  const { runId, strategy } = trained.model;
  const bundle = encodeModel(servedPart(trained.model));
  const documents = runDocuments(trained, bundle, data, nowMs, contest?.figures ?? null);
  const folder = await writeRun(config.dataDir, runId, bundle, documents);
  const evaluation = contest && evaluationOf(runId, contest, data, nowMs);
  const mirrored = evaluation ? new Map([...documents, ["evaluation.json", evaluation]]) : documents;
  await mirrorDocuments(reports, mirrored);
  const manifest = documents.get("manifest.json") as { readonly metrics: object };
  await insertModelRun(
    pool,
    {
      runId,
      strategy,
      artifactUri: `runs/${runId}/${BUNDLE_FILE}`,
      artifactSha256: sha256(bundle),
      manifest,
      policy: documents.get("decision_policy.json") as object,
    },
    deadline,
  );
  const { dataDir, modelsDir, reportsDir } = config;
  const { mirrors } = registryPorts({ pool, dataDir, modelsDir, reportsDir, writerId: TRAINING_DUTY });
  await mirrors.write(latestRunFiles(runId, manifest, nowMs));
  return folder;
}

/** As `reco evaluate` writes its reports. */
const evaluationOf = (runId: string, { figures, rows, paired }: Contest, data: DataRange, nowMs: number) => ({
  run_id: runId,
  protocol: "rolling",
  n_events: figures.questions,
  n_users: figures.users,
  n_items: data.items,
  rows,
  paired,
  created_at: new Date(nowMs).toISOString(),
});

export function rangeOf(log: TrainingLog): Omit<DataRange, "watermark" | "leftOut"> {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const tsMs of log.tsMs) {
    fromMs = Math.min(fromMs, tsMs);
    toMs = Math.max(toMs, tsMs);
  }
  return { events: log.items.length, users: userCount(log), items: log.itemIds.length, fromMs, toMs };
}
