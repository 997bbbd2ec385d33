/** Whether a tree has a trainer: the role, and nobody who keeps it from training by itself. */

import type { Config } from "./config.ts";

export const hasTrainer = ({ roles, trainer }: Pick<Config, "roles" | "trainer">): boolean =>
  roles.includes("trainer") && trainer.isScheduled;
