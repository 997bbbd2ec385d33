/** Where every thread and process of the tree begins: one entry file, one actor module a realm. */

import { runRealm } from "../supervisor/host.ts";

/** Imported on demand, so that a restart loads its own module only. */
runRealm({
  consumer: () => import("./consumer.ts"),
  http: () => import("./http.ts"),
  migrator: () => import("./migrator.ts"),
  monitor: () => import("./monitor.ts"),
  relay: () => import("./relay.ts"),
  store: () => import("./store.ts"),
  writer: () => import("./writer.ts"),
});
