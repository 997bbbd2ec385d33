/** Opens the registry for one command, with half a minute for every worker to follow a change. */

import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { Result } from "../../core/result.ts";
import {
  createRegistry,
  type ModelRegistry,
  problemText,
  type RegistryProblem,
} from "../../models/registry.ts";
import { registryPorts } from "../../stores/registry-ports.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";

/** The gates read the whole model, and every worker has half a minute to follow. */
const TIMEOUT_MS = 60_000;

/** What the change answers; ends the command where it cannot be made. */
export async function withRegistry<T>(
  change: (registry: ModelRegistry, deadline: Deadline) => Promise<Result<T, RegistryProblem>>,
): Promise<T> {
  try {
    const config = configOrExit();
    await using store = await openStore(config, "reco-policy");
    const ports = registryPorts({
      pool: store.pool,
      dataDir: config.dataDir,
      modelsDir: config.modelsDir,
      reportsDir: config.reportsDir,
      writerId: `cli-${process.pid}`,
    });
    const mirrorsFailed = ({ message }: Error) =>
      console.error(`files that show the registry are old: ${message}`);
    const registry = createRegistry({ ...ports, mirrorsFailed, clock: systemClock });
    const changed = await change(registry, Deadline.after(TIMEOUT_MS));
    if (!changed.ok) throw new CommandError(EXIT_FAILED, problemText(changed.error));
    return changed.value;
  } catch (error) {
    throw asCommandError(error);
  }
}
