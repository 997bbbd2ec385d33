/** Loads the models of runs that may not serve any more. */

import { loadModel } from "../../models/model-file.ts";
import type { RunStore } from "../../models/ports.ts";
import type { RunModels } from "../../recommend/slates/replay-policy.ts";
import { hashRunBundle, readRunBundle } from "./run-folder.ts";

export function createRunModels(runs: Pick<RunStore, "find">, dataDir: string): RunModels {
  return {
    async load(runId, deadline) {
      const [run] = await runs.find([runId], deadline);
      if (run === undefined) return "unknown";
      // The same check that a promotion makes.
      const hash = await deadline.race(hashRunBundle(dataDir, runId));
      if (hash === null || hash !== run.artifactSha256) return "not_retained";
      return loadModel(await deadline.race(readRunBundle(dataDir, runId)));
    },
  };
}
