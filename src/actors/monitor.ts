/** The monitor actor: looks after the tree's memory, its tables and its metrics listener. */

import { readDlqSnapshot } from "../stores/postgres/dlq-snapshot.ts";
import { asLeader } from "../stores/postgres/leader-lock.ts";
import { maintenanceTasks } from "../stores/postgres/maintenance.ts";
import { readOldestTransaction } from "../stores/postgres/oldest-transaction.ts";
import { waitForSchema } from "../stores/postgres/schema-version.ts";
import { VerifierStore } from "../stores/postgres/verifier-store.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import { readLogBounds } from "./event-log.ts";
import { addUpMemory } from "./memory-use.ts";
import { Monitor, type MonitorPorts } from "./monitor-runner.ts";
import { openRealm } from "./realm.ts";
import type { ActorArgs } from "./tree.ts";
import { surveyMetrics } from "./tree-metrics.ts";
import { Verifier } from "./verifier.ts";
import { retentionsOf } from "./verifier-decide.ts";

const SURVEY_MS = 500;
/** No statement of reco waits longer before it writes. */
const SETTLE_MS = 10_000;
const MAX_FINDINGS = 1_000;

export const createMonitor = (ports: MonitorPorts) => new Monitor(ports);

export async function start(context: ActorContext<ActorArgs>): Promise<Actor> {
  const { config } = context.args;
  const realm = openRealm(context, "monitor");
  const { pool, log, metrics } = realm;
  const verifierStore = new VerifierStore(pool, config.consumer.groupId);
  const verifier = new Verifier({
    store: verifierStore,
    readBounds: (deadline) =>
      readLogBounds({ config, clientId: `reco-${context.id}`, pool, clock: context.clock }, deadline),
    clock: context.clock,
    retentions: retentionsOf(config),
    settleMs: SETTLE_MS,
    maxFindings: MAX_FINDINGS,
  });
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
    lead: (duty, deadline, work) => asLeader(pool, duty, deadline, work),
    verifier: {
      round: (deadline) => verifier.round(deadline),
      countFound: (deadline) => verifierStore.countFound(deadline),
    },
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
