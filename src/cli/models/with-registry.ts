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
import { writeMirrors } from "../../stores/files/policy-mirrors.ts";
import { hashRunBundle } from "../../stores/files/run-folder.ts";
import { runFolders } from "../../stores/files/staged-runs.ts";
import { createRunStore } from "../../stores/postgres/model-runs.ts";
import { createRegistryStore } from "../../stores/postgres/registry-store.ts";
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
    const registry = createRegistry({
      store: createRegistryStore(store.pool),
      runs: createRunStore(store.pool, (runId) => hashRunBundle(config.dataDir, runId)),
      folders: runFolders(config),
      mirrors: {
        write: (files) => writeMirrors(config.reportsDir, files, `cli-${process.pid}`),
        failed: ({ message }) => console.error(`the files in ${config.reportsDir} are old: ${message}`),
      },
      clock: systemClock,
    });
    const changed = await change(registry, Deadline.after(TIMEOUT_MS));
    if (!changed.ok) throw new CommandError(EXIT_FAILED, problemText(changed.error));
    return changed.value;
  } catch (error) {
    throw asCommandError(error);
  }
}
