/** The monitor actor: looks after the tree's memory, its tables and its metrics listener. */

import { readDlqSnapshot } from "../stores/postgres/dlq-snapshot.ts";
import { asLeader } from "../stores/postgres/leader-lock.ts";
import { maintenanceTasks } from "../stores/postgres/maintenance.ts";
import { readOldestTransaction } from "../stores/postgres/oldest-transaction.ts";
import { waitForSchema } from "../stores/postgres/schema-version.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import { addUpMemory } from "./memory-use.ts";
import { Monitor, type MonitorPorts } from "./monitor-runner.ts";
import { openRealm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";
import { surveyMetrics } from "./tree-metrics.ts";

const SURVEY_MS = 500;

export const createMonitor = (ports: MonitorPorts) => new Monitor(ports);

export async function start(context: ActorContext<ActorArgs>): Promise<Actor> {
  const { config } = context.args;
  const realm = openRealm(context, "monitor");
  const { pool, log, metrics } = realm;
  const monitor = createMonitor({
    clock: context.clock,
    random: context.random,
    log,
    metrics,
    waitForStore: async (signal) => (await waitForSchema(pool, context, signal)) !== null,
    cleanUps: maintenanceTasks(config).map(({ name, run }) => ({
      name,
      run: (deadline) => run(pool, deadline),
    })),
    lead: (deadline, work) => asLeader(pool, "maintenance", deadline, work),
    readDlq: config.roles.includes("consumer") ? null : (deadline) => readDlqSnapshot(pool, deadline),
    readOldestTransaction: (deadline) => readOldestTransaction(pool, deadline),
    readMemory: async () => addUpMemory(await surveyMetrics(context, SURVEY_MS)),
  });
  monitor.run().catch((error) => context.fail(error));
  return {
    report: realm.report,
    async stop() {
      monitor.stop();
      await realm[Symbol.asyncDispose]();
    },
  };
}
