/** How many database connections a tree may open. */

import type { Config } from "./config.ts";
import { hasTrainer } from "./has-trainer.ts";

/** What the embedded server grants, less what it keeps for itself and for commands beside the tree. */
export const EMBEDDED_CONNECTIONS = 180;

/** The training's own, beside those of its actor. */
const TRAINING_CONNECTIONS = 3;

/** Connections of all pools when each is full, their health connections included. */
export function connectionBudget(config: Config): number {
  const has = (role: Config["roles"][number]) => config.roles.includes(role);
  const pools =
    (has("http") ? config.http.workers + 1 : 0) +
    (has("relay") ? 1 : 0) +
    (has("consumer") ? config.consumer.workers : 0) +
    (has("monitor") ? 1 : 0) +
    (hasTrainer(config) ? 1 : 0);
  return pools * (config.database.poolMax + 1) + (hasTrainer(config) ? TRAINING_CONNECTIONS : 0);
}
