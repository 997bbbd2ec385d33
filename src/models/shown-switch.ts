/** What promotions and rollbacks answer, over HTTP and on the command line. */

import type { Switched } from "./registry.ts";

export const shownSwitch = (change: Switched, done: "promoted" | "rolled_back") => ({
  run_id: change.runId,
  slot: change.slot,
  active_slot: change.activeSlot,
  [done]: true,
  policy_path: `runs/${change.runId}/decision_policy.json`,
  previous_run_id: change.previousRunId,
  latest_path: "latest.json",
  workers_switched: change.workersSwitched,
});
