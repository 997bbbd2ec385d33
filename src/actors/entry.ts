/** Where every thread and process of the tree begins: one entry file, one actor module a realm. */

import { workerData } from "node:worker_threads";
import { runRealm } from "../supervisor/host.ts";

/** Imported on demand, so that a restart loads its own module only. */
const ACTORS = {
  consumer: () => import("./consumer.ts"),
  http: () => import("./http.ts"),
  migrator: () => import("./migrator.ts"),
  monitor: () => import("./monitor.ts"),
  relay: () => import("./relay.ts"),
  store: () => import("./store.ts"),
  trainer: () => import("./trainer.ts"),
  writer: () => import("./writer.ts"),
};

/** The trainer starts a thread of its own, which is no actor. */
const isTraining = typeof workerData === "object" && workerData !== null && "training" in workerData;
if (isTraining) await (await import("./training-thread.ts")).runTrainingThread();
else runRealm(ACTORS);
