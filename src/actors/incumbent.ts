/** What serves at this moment, as a contestant. */

import type { Config } from "../config/config.ts";
import type { Deadline } from "../core/deadline.ts";
import { asError, StoreUnavailableError } from "../core/errors.ts";
import type { Incumbent } from "../evaluation/contest.ts";
import { loadModel } from "../models/model-file.ts";
import { servingRun } from "../models/slots.ts";
import { readRunBundle } from "../stores/files/run-folder.ts";
import { learnedUntil } from "../stores/postgres/model-runs.ts";
import type { Pool } from "../stores/postgres/pool-types.ts";
import { createRegistryStore } from "../stores/postgres/registry-store.ts";

export interface Serving {
  /** What the registry names; null: a built-in policy. */
  readonly runId: string | null;
  readonly incumbent: Incumbent;
}

/** A run that cannot be read is refused by the workers as well: then the built-in policy serves. */
export async function readIncumbent(
  pool: Pool,
  { dataDir, reco }: Config,
  deadline: Deadline,
  onUnreadable: (runId: string, problem: string) => void,
): Promise<Serving> {
  const builtIn = { kind: "builtin", name: reco.policy } as const;
  const runId = servingRun(await createRegistryStore(pool).state(deadline));
  if (runId === null) return { runId, incumbent: builtIn };
  try {
    const model = loadModel(await readRunBundle(dataDir, runId));
    const learnedToMs = await learnedUntil(pool, runId, deadline);
    return { runId, incumbent: { kind: "run", model, learnedToMs } };
  } catch (thrown) {
    if (thrown instanceof StoreUnavailableError) throw thrown;
    onUnreadable(runId, asError(thrown).message);
    return { runId, incumbent: builtIn };
  }
}
