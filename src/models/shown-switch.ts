/** What promotions and rollbacks answer, over HTTP and on the command line. */

import { policyPath } from "./policy-mirrors.ts";
import type { Switched } from "./registry.ts";

export const shownSwitch = (change: Switched, done: "promoted" | "rolled_back") => ({
  run_id: change.runId,
  slot: change.slot,
  active_slot: change.activeSlot,
  [done]: true,
  policy_path: policyPath(change.runId),
  previous_run_id: change.previousRunId,
  latest_path: "latest.json",
  workers_switched: change.workersSwitched,
});
