/** Reads one served slate for a command, and prints what the command makes of it. */

import { Deadline } from "../../core/deadline.ts";
import type { RunModels } from "../../recommend/slates/replay-policy.ts";
import type { SlateStore, StoredSlate } from "../../recommend/slates/slate.ts";
import { hashRunBundle } from "../../stores/files/run-folder.ts";
import { createRunModels } from "../../stores/files/run-models.ts";
import { createRunStore } from "../../stores/postgres/model-runs.ts";
import { createSlateStore } from "../../stores/postgres/slate-store.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";

export const TIMEOUT_MS = 30_000;

export interface SlatePorts {
  readonly slates: SlateStore;
  readonly models: RunModels;
}

/** Throws CommandError for a slate that is not there. */
export async function withSlate(
  requestId: string,
  use: (stored: StoredSlate, ports: SlatePorts) => Promise<object> | object,
): Promise<void> {
  try {
    const config = configOrExit();
    await using store = await openStore(config, "reco-slates");
    const { pool } = store;
    const slates = createSlateStore(pool, config.retention.slateDays);
    const runs = createRunStore(pool, (runId) => hashRunBundle(config.dataDir, runId));
    const stored = await slates.find(requestId, Deadline.after(TIMEOUT_MS));
    if (stored === null) {
      throw new CommandError(
        EXIT_FAILED,
        `no slate ${requestId} in the last ${config.retention.slateDays} days`,
      );
    }
    const models = createRunModels(runs, config.dataDir);
    console.log(JSON.stringify(await use(stored, { slates, models }), null, 2));
  } catch (error) {
    throw asCommandError(error);
  }
}
