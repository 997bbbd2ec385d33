/** What the trainer does when, and what it says of it. */

import { describe, expect, test } from "bun:test";
import type { TrainRun } from "../../../src/actors/train-run.ts";
import { createTrainer } from "../../../src/actors/trainer.ts";
import { type TrainerPorts, TrainingError } from "../../../src/actors/trainer-runner.ts";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { err, ok } from "../../../src/core/result.ts";
import { promote, type SlotState } from "../../../src/models/slots.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { type LogLine, recordingLog } from "../../support/fakes/http-services.ts";
import { manualClock } from "../../support/manual-clock.ts";

const MINUTE_MS = 60_000;
const EMPTY = { currentRun: null, previousRun: null };
const STATE: SlotState = { activeSlot: "default", slots: { default: EMPTY, blue: EMPTY, green: EMPTY } };
const FIGURES = {
  opponent: "stream-v1",
  questions: 900,
  users: 90,
  ndcg_at_10: 0.0612,
  opponent_ndcg_at_10: 0.0507,
  diff: 0.0105,
  ci_low: 0.0021,
  ci_high: 0.0204,
};
const RUN: TrainRun = { runId: "20260101_023000", folder: "runs", servingRun: null, contest: FIGURES };

function setUp(ports: Partial<TrainerPorts> = {}) {
  const clock = manualClock();
  const metrics = createMetrics();
  const lines: LogLine[] = [];
  const promoted: string[] = [];
  let trained = 0;
  const trainer = createTrainer({
    clock,
    random: { ...seededRandom(1), next: () => 0.5 },
    log: recordingLog(lines),
    metrics,
    crashes: 0,
    promotion: { autoPromote: true, environmentClass: "development" },
    waitForStore: async () => true,
    look: async () => ({
      newestRun: trained > 0 ? { createdAtMs: clock.nowMs(), watermark: 9_000 } : null,
      lastEventId: 9_000,
    }),
    hasEnough: async () => true,
    async lead(_, work) {
      await work();
      return true;
    },
    servingRun: async () => null,
    requestsLastHour: async () => 0,
    async promote(runId) {
      promoted.push(runId);
      const change = promote(STATE, "default", runId, null);
      return ok({ ...change, version: 1, activeSlot: "default", workersSwitched: 2 });
    },
    ...ports,
    async train(deadline, onStage) {
      trained++;
      if (ports.train) return ports.train(deadline, onStage);
      onStage("extract_load", "9000 events");
      await clock.sleep(1_000);
      onStage("train_models", "blend");
      return RUN;
    },
  });
  let failure: unknown = null;
  const running = trainer.run().catch((error: unknown) => {
    failure = error;
  });
  return {
    clock,
    lines,
    promoted,
    trainings: () => trained,
    failure: () => failure,
    said: (event: string) => lines.filter((line) => line.event === event).map(({ fields }) => fields),
    gauge: (name: string) =>
      metrics
        .snapshot()
        .series.flatMap((one) => (one.name === name ? [[one.labels["step"], one.values[0]]] : [])),
    async [Symbol.asyncDispose]() {
      trainer.stop();
      await running;
    },
  };
}

describe("the trainer", () => {
  test("trains once there is enough, promotes what is better, and says by how much", async () => {
    await using trainer = setUp();
    await trainer.clock.advance(MINUTE_MS);
    expect(trainer.trainings()).toBe(1);
    expect(trainer.promoted).toEqual([RUN.runId]);
    expect(trainer.said("trainer.promoted")).toEqual([
      {
        run_id: RUN.runId,
        slot: "default",
        workers: 2,
        against: "stream-v1",
        questions: 900,
        users: 90,
        ndcg_at_10: 0.0612,
        ndcg_at_10_before: 0.0507,
        difference: 0.0105,
        interval: [0.0021, 0.0204],
      },
    ]);
    expect(trainer.gauge("reco_pipeline_step_duration_seconds")).toEqual([
      ["extract_load", 1],
      ["train_models", 0],
    ]);
    expect(trainer.gauge("reco_pipeline_last_run_timestamp_seconds")).toHaveLength(2);
  });

  test("waits while there is too little", async () => {
    let isEnough = false;
    await using trainer = setUp({ hasEnough: async () => isEnough });
    await trainer.clock.advance(10 * MINUTE_MS);
    expect(trainer.trainings()).toBe(0);
    isEnough = true;
    await trainer.clock.advance(MINUTE_MS);
    expect(trainer.trainings()).toBe(1);
  });

  test("leaves it to the node that trains already", async () => {
    await using trainer = setUp({ lead: async () => false });
    await trainer.clock.advance(MINUTE_MS);
    expect([trainer.trainings(), trainer.said("trainer.failed")]).toEqual([0, []]);
  });

  test("does not train again what another node trained while it waited for its turn", async () => {
    let isTrained = false;
    const clock = manualClock();
    await using trainer = setUp({
      look: async () => ({
        newestRun: isTrained ? { createdAtMs: clock.nowMs(), watermark: 9_000 } : null,
        lastEventId: 9_000,
      }),
      async lead(_, work) {
        isTrained = true;
        await work();
        return true;
      },
    });
    await trainer.clock.advance(MINUTE_MS);
    expect(trainer.trainings()).toBe(0);
  });

  test("keeps a run that is no better, and says why", async () => {
    await using trainer = setUp({
      train: async () => ({ ...RUN, contest: { ...FIGURES, ci_low: -0.001 } }),
    });
    await trainer.clock.advance(MINUTE_MS);
    expect(trainer.promoted).toEqual([]);
    expect(trainer.said("trainer.not_promoted")).toMatchObject([
      { run_id: RUN.runId, reason: "not_better", interval: [-0.001, 0.0204] },
    ]);
  });

  test("keeps a run that was compared with what serves no more", async () => {
    await using trainer = setUp({ servingRun: async () => "20260101_000000" });
    await trainer.clock.advance(MINUTE_MS);
    expect(trainer.said("trainer.not_promoted")).toMatchObject([{ reason: "serving_changed" }]);
  });

  test("judges a run later when the store does not answer now, and trains no second one", async () => {
    let isAway = true;
    await using trainer = setUp({
      async servingRun() {
        if (isAway) throw new StoreUnavailableError("connect", "away");
        return null;
      },
    });
    await trainer.clock.advance(MINUTE_MS);
    isAway = false;
    await trainer.clock.advance(15 * MINUTE_MS);
    expect([trainer.trainings(), trainer.promoted]).toEqual([1, [RUN.runId]]);
  });

  test("says when the workers could not follow", async () => {
    await using trainer = setUp({
      promote: async () => err({ kind: "gate", message: "Model artifact missing" }),
    });
    await trainer.clock.advance(MINUTE_MS);
    expect(trainer.said("trainer.promotion_failed")).toMatchObject([{ problem: "Model artifact missing" }]);
  });

  test("tries again after a failure, each time later", async () => {
    await using trainer = setUp({
      look: async () => ({ newestRun: null, lastEventId: 9_000 }),
      train: async () => {
        throw new TrainingError("a bug");
      },
    });
    await trainer.clock.advance(9 * MINUTE_MS);
    expect(trainer.trainings()).toBe(1);
    await trainer.clock.advance(2 * MINUTE_MS);
    expect(trainer.trainings()).toBe(2);
    await trainer.clock.advance(15 * MINUTE_MS);
    expect(trainer.trainings()).toBe(2);
    expect(trainer.said("trainer.failed")).toEqual([
      { error: "a bug", retry_in_sec: 600 },
      { error: "a bug", retry_in_sec: 1_200 },
    ]);
  });

  test("pauses after a crash, so that a training that kills it does not end the tree", async () => {
    for (const [crashes, minutes] of [
      [1, 10],
      [2, 20],
      [20, 360],
    ] as const) {
      await using trainer = setUp({ crashes });
      await trainer.clock.advance((minutes - 1) * MINUTE_MS);
      expect(trainer.trainings()).toBe(0);
      await trainer.clock.advance(2 * MINUTE_MS);
      expect(trainer.trainings()).toBe(1);
    }
  });

  test("looks again later when the store does not answer", async () => {
    let isAway = true;
    await using trainer = setUp({
      async look() {
        if (isAway) throw new StoreUnavailableError("connect", "away");
        return { newestRun: null, lastEventId: 9_000 };
      },
    });
    await trainer.clock.advance(MINUTE_MS);
    isAway = false;
    await trainer.clock.advance(15_000);
    expect([trainer.trainings(), trainer.failure()]).toEqual([1, null]);
  });

  test("ends with a failure that is a bug", async () => {
    await using trainer = setUp({ train: async () => Promise.reject(new TypeError("a bug")) });
    await trainer.clock.advance(MINUTE_MS);
    expect(trainer.failure()).toBeInstanceOf(TypeError);
  });
});
