/** The trainer actor: learns from stored events beside serving, and puts what is better into service. */

import { writeFile } from "node:fs/promises";
import { servingRun } from "../models/slots.ts";
import { asLeader } from "../stores/postgres/leader-lock.ts";
import { waitForSchema } from "../stores/postgres/schema-version.ts";
import { hasEnoughToLearn, lookForTraining } from "../stores/postgres/training-need.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import { openRegistry } from "./open-registry.ts";
import { openRealm } from "./realm.ts";
import { TRAINING_DUTY } from "./train-run.ts";
import { trainingMemoryBytes } from "./trainer-decide.ts";
import { TRAINING_TIMEOUT_MS, Trainer, type TrainerPorts } from "./trainer-runner.ts";
import { runTraining } from "./training-job.ts";
import type { TrainerArgs } from "./tree.ts";

/** The recipe learns nothing from fewer. */
const MIN_USERS = 200;
const SURVEY_MS = 500;
/** Of the memory granted: the rest is for what was and is not yet collected, and for the program itself. */
const PLANNED_SHARE = 0.75;

/** Where the kernel must end a process for want of memory it is to be this one. */
const VICTIM = { path: "/proc/self/oom_score_adj", score: "500" };

export const createTrainer = (ports: TrainerPorts) => new Trainer(ports);

export async function start(context: ActorContext<TrainerArgs>): Promise<Actor> {
  const { config, databaseUrl, threadEntry } = context.args;
  const realm = openRealm(context, "trainer");
  await writeFile(VICTIM.path, VICTIM.score).catch(() => {}); // Other systems have no such file.
  const { pool, log, metrics } = realm;
  const registry = openRegistry(context, realm);
  const { minEvents, autoPromote } = config.trainer;
  const memoryMaxBytes = trainingMemoryBytes(config, process.constrainedMemory());
  const trainer = createTrainer({
    clock: context.clock,
    random: context.random,
    log,
    metrics,
    crashes: context.incarnation - 1,
    promotion: { autoPromote, environmentClass: config.environmentClass },
    waitForStore: async (signal) => (await waitForSchema(pool, context, signal)) === "usable",
    look: (deadline) => lookForTraining(pool, deadline),
    hasEnough: (deadline) => hasEnoughToLearn(pool, { events: minEvents, users: MIN_USERS }, deadline),
    lead: (deadline, work) => asLeader(pool, TRAINING_DUTY, deadline, work),
    train: (_, onStage) =>
      runTraining({
        threadEntry,
        order: {
          training: {
            config,
            databaseUrl,
            timeoutMs: TRAINING_TIMEOUT_MS,
            memoryBytes: memoryMaxBytes * PLANNED_SHARE,
          },
        },
        memoryMaxBytes,
        residentBytes: () => process.memoryUsage.rss(),
        clock: context.clock,
        onStage,
        onOverrun: (reason) => context.fail(new Error(reason)),
      }),
    servingRun: async (deadline) => servingRun(await registry.state(deadline)),
    async requestsLastHour() {
      const answers = await context.survey("reco-requests", SURVEY_MS);
      return answers.reduce((sum, { answer }) => sum + (typeof answer === "number" ? answer : 0), 0);
    },
    async promote(runId, deadline) {
      const { activeSlot } = await registry.state(deadline);
      return registry.promote({ runId, slot: activeSlot, activate: null, actor: "trainer" }, deadline);
    },
  });
  trainer.run().catch((error) => context.fail(error));
  return {
    report: realm.report,
    async stop() {
      trainer.stop();
      await realm[Symbol.asyncDispose]();
    },
  };
}
