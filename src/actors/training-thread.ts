/** The thread in which the trainer learns: its main thread stays free to answer the supervisor, and to give up on this one. */

import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import type { Config } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { claimRunFolder } from "../stores/files/claim-run.ts";
import { openPool } from "../stores/postgres/pool.ts";
import { readIncumbent } from "./incumbent.ts";
import { type TrainingStep, type TrainRun, trainRun } from "./train-run.ts";

/** What the thread is started with. */
export interface TrainingOrder {
  readonly training: {
    readonly config: Config;
    readonly databaseUrl: string;
    readonly timeoutMs: number;
    /** What the training may plan with. */
    readonly memoryBytes: number;
  };
}

/** What it says. */
export type TrainingNews =
  | { readonly kind: "stage"; readonly step: TrainingStep; readonly what: string }
  | { readonly kind: "done"; readonly run: TrainRun | null }
  | { readonly kind: "failed"; readonly reason: string };

/** Connections of the thread: it reads one page after the other. */
export const TRAINING_CONNECTIONS = 2;
const STATEMENT_TIMEOUT_MS = 600_000;
const LOCK_TIMEOUT_MS = 10_000;
const POOL_CLOSE_MS = 1_000;

/** Trains once, says what came of it, and ends. */
export async function runTrainingThread(): Promise<void> {
  const { training } = workerData as TrainingOrder;
  lowerPriority();
  const news = await train(training, say).then(
    (run): TrainingNews => ({ kind: "done", run }),
    (thrown): TrainingNews => ({ kind: "failed", reason: asError(thrown).message }),
  );
  say(news);
}

const say = (news: TrainingNews) => parentPort?.postMessage(news);

async function train(
  { config, databaseUrl, timeoutMs, memoryBytes }: TrainingOrder["training"],
  tell: (news: TrainingNews) => void,
): Promise<TrainRun | null> {
  const deadline = Deadline.after(timeoutMs);
  const onStage = (step: TrainingStep, what: string) => tell({ kind: "stage", step, what });
  const pool = openPool({
    url: databaseUrl,
    applicationName: "reco-training",
    min: 0,
    max: TRAINING_CONNECTIONS,
    connectTimeoutMs: config.database.connectTimeoutMs,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
  try {
    return await trainRun({
      pool,
      config,
      memoryBytes,
      clock: systemClock,
      deadline,
      claim: () => claimRunFolder(config.reportsDir, systemClock.nowMs()),
      incumbent: () =>
        readIncumbent(pool, config, deadline, (runId, problem) =>
          onStage("evaluate", `run ${runId} serves nowhere: ${problem}`),
        ),
      onStage,
      onPlan: ({ maxEvents, easeMaxRows }) =>
        onStage("extract_load", `room for ${maxEvents} events and a matrix of ${easeMaxRows} rows`),
    });
  } finally {
    await pool.close(POOL_CLOSE_MS);
  }
}

/** Serving goes first where both want a core. */
function lowerPriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Not every container lets a process step back; the training only takes its share then.
  }
}
