/** Loads the models of runs that may not serve any more. */

import { loadModel } from "../../models/model-file.ts";
import type { RunStore } from "../../models/ports.ts";
import type { RunModels } from "../../recommend/slates/replay-policy.ts";
import { isMissing } from "./missing-file.ts";
import { readRunBundle } from "./run-folder.ts";

export function createRunModels(runs: Pick<RunStore, "find">, dataDir: string): RunModels {
  return {
    async load(runId, deadline) {
      const [run] = await runs.find([runId], deadline);
      if (run === undefined) return "unknown";
      const bytes = await deadline.race(readRunBundle(dataDir, runId)).catch(nullWhereMissing);
      // The same check that a promotion makes.
      if (bytes === null || (await deadline.race(sha256(bytes))) !== run.artifactSha256)
        return "not_retained";
      return loadModel(bytes);
    },
  };
}

function nullWhereMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

/** Away from the event loop, which has requests to answer. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}
