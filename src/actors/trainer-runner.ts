/** Trains by the clock, and as soon as there is enough to learn from; puts a run into service that beats what serves. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { Result } from "../core/result.ts";
import type { ContestFigures } from "../evaluation/contest.ts";
import { problemText, type RegistryProblem, type Switched } from "../models/registry.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import type { TrainingStep, TrainRun } from "./train-run.ts";
import { dueTraining, type PromotionCase, type TrainingNeed, whyKept } from "./trainer-decide.ts";

export interface TrainerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Crashes before: whatever caused them must not come again at once. */
  readonly crashes: number;
  readonly promotion: Pick<PromotionCase, "autoPromote" | "environmentClass">;
  /** Resolves when the schema is there; false when the trainer was asked to stop before. */
  readonly waitForStore: (signal: AbortSignal) => Promise<boolean>;
  readonly look: (deadline: Deadline) => Promise<Pick<TrainingNeed, "newestRun" | "lastEventId">>;
  readonly hasEnough: (deadline: Deadline) => Promise<boolean>;
  /** Runs `work` if no node trains at this moment; false when one does. */
  readonly lead: (deadline: Deadline, work: () => Promise<void>) => Promise<boolean>;
  /** Null: there was nothing to learn from. Rejects with TrainingError, or as the store does. */
  readonly train: (
    deadline: Deadline,
    onStage: (step: TrainingStep, what: string) => void,
  ) => Promise<TrainRun | null>;
  /** The run that serves; null: a built-in policy. */
  readonly servingRun: (deadline: Deadline) => Promise<string | null>;
  readonly requestsLastHour: () => Promise<number>;
  readonly promote: (runId: string, deadline: Deadline) => Promise<Result<Switched, RegistryProblem>>;
}

/** A training that came to nothing for a reason that may be gone another time. */
export class TrainingError extends Error {
  override name = "TrainingError";
}

/** Of all steps together. */
export const TRAINING_TIMEOUT_MS = 3_600_000;
const LOOK_EVERY_MS = 5_000;
const LOOK_TIMEOUT_MS = 5_000;
/** Until all workers answer by the run, or it is taken back. */
const PROMOTE_TIMEOUT_MS = 60_000;
/** After a failure, doubled by each further one. */
const FIRST_PAUSE_MS = 600_000;
const LONGEST_PAUSE_MS = 6 * 3_600_000;
/** Nodes started together do not look together. */
const JITTER = 0.2;

export class Trainer {
  readonly #ports: TrainerPorts;
  readonly #stop = new AbortController();
  #previousEventId: number | null = null;
  #failures = 0;
  /** A run that was trained, and whose way into service the store interrupted. */
  #unjudged: TrainRun | null = null;

  constructor(ports: TrainerPorts) {
    this.#ports = ports;
  }

  /** Runs until `stop`. Rejects when a training fails in a way that only a new process mends. */
  async run(): Promise<void> {
    const { waitForStore, crashes } = this.#ports;
    if (!(await waitForStore(this.#stop.signal))) return;
    if (crashes > 0) await this.#pause(pauseAfter(crashes));
    while (!this.#stop.signal.aborted) {
      await this.#pause(LOOK_EVERY_MS);
      if (!this.#stop.signal.aborted) await this.round();
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Looks once, and trains if that is due. */
  async round(): Promise<void> {
    const { log } = this.#ports;
    try {
      this.#unjudged ??= await this.#trainIfDue();
      if (this.#unjudged !== null) await this.#judge(this.#unjudged);
      this.#unjudged = null;
      this.#failures = 0;
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailableError || thrown instanceof TrainingError)) throw thrown;
      const pauseMs = pauseAfter(++this.#failures);
      log.error({ error: thrown.message, retry_in_sec: pauseMs / 1000 }, "trainer.failed");
      await this.#pause(pauseMs);
    }
  }

  async #trainIfDue(): Promise<TrainRun | null> {
    const { clock, lead } = this.#ports;
    if ((await this.#due()) === null) return null;
    let run: TrainRun | null = null;
    const deadline = Deadline.after(TRAINING_TIMEOUT_MS, clock);
    await lead(deadline, async () => {
      // Another node may have trained while this one made up its mind.
      const why = await this.#due();
      if (why !== null) run = await this.#train(why, deadline);
    });
    return run;
  }

  async #due(): Promise<"first" | "daily" | null> {
    const { clock, look, hasEnough } = this.#ports;
    const deadline = Deadline.after(LOOK_TIMEOUT_MS, clock);
    const found = await this.#quietly(() => look(deadline));
    if (found === null) return null;
    const need = { ...found, nowMs: clock.nowMs(), previousEventId: this.#previousEventId };
    this.#previousEventId = found.lastEventId;
    const why = dueTraining(need);
    return why !== null && (await this.#quietly(() => hasEnough(deadline))) ? why : null;
  }

  /** A look that the store does not answer now is made up for by the next one. */
  async #quietly<T>(look: () => Promise<T>): Promise<T | null> {
    try {
      return await look();
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailableError)) throw thrown;
      return null;
    }
  }

  async #train(why: string, deadline: Deadline): Promise<TrainRun | null> {
    const { clock, log, metrics, train } = this.#ports;
    log.info({ why }, "trainer.started");
    const begunMs = clock.monotonicMs();
    let current: { readonly step: TrainingStep; readonly sinceMs: number } | null = null;
    const endStep = () => {
      if (current === null) return;
      const { step, sinceMs } = current;
      const durationSec = (clock.monotonicMs() - sinceMs) / 1000;
      metrics.gauge("reco_pipeline_step_duration_seconds", { step }).set(durationSec);
      metrics.gauge("reco_pipeline_last_run_timestamp_seconds", { step }).set(clock.nowMs() / 1000);
    };
    const run = await train(deadline, (step, what) => {
      log.info({ step, what }, "trainer.progress");
      if (current?.step === step) return;
      endStep();
      current = { step, sinceMs: clock.monotonicMs() };
    });
    endStep();
    const durationSec = Math.round((clock.monotonicMs() - begunMs) / 1000);
    log.info({ run_id: run?.runId ?? null, duration_sec: durationSec }, "trainer.trained");
    return run;
  }

  async #judge({ runId, contest, servingRun }: TrainRun): Promise<void> {
    const { clock, log, promotion, promote, requestsLastHour } = this.#ports;
    const deadline = Deadline.after(PROMOTE_TIMEOUT_MS, clock);
    const figures = shown(contest);
    const reason = whyKept({
      ...promotion,
      figures: contest,
      hasServingChanged: (await this.#ports.servingRun(deadline)) !== servingRun,
      requestsLastHour: await requestsLastHour(),
    });
    if (reason !== null) {
      log.info({ run_id: runId, reason, ...figures }, "trainer.not_promoted");
      return;
    }
    const promoted = await promote(runId, deadline);
    if (promoted.ok) {
      const { slot, workersSwitched } = promoted.value;
      log.info({ run_id: runId, slot, workers: workersSwitched, ...figures }, "trainer.promoted");
    } else {
      const problem = problemText(promoted.error);
      log.error({ run_id: runId, problem, ...figures }, "trainer.promotion_failed");
    }
  }

  /** As long as a pause it may be cut short by a stop. */
  async #pause(ms: number): Promise<void> {
    const { clock, random } = this.#ports;
    await clock.sleep(ms * (1 + JITTER * (2 * random.next() - 1)), this.#stop.signal);
  }
}

const pauseAfter = (failures: number) => Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);

/** The figures that decide, by the names that operators search for. */
const shown = (figures: ContestFigures | null) =>
  figures && {
    against: figures.opponent,
    questions: figures.questions,
    users: figures.users,
    ndcg_at_10: rounded(figures.ndcg_at_10),
    ndcg_at_10_before: rounded(figures.opponent_ndcg_at_10),
    difference: rounded(figures.diff),
    interval: [rounded(figures.ci_low), rounded(figures.ci_high)],
  };

const rounded = (value: number) => Math.round(value * 10_000) / 10_000;
