/** `reco runs prune`: removes old runs that serve nowhere. */

import { Command } from "commander";
import { systemClock } from "../../core/clock.ts";
import { ok } from "../../core/result.ts";
import { namedRuns, prunable } from "../../models/prune-runs.ts";
import { latestRun } from "../../stores/files/policy-mirrors.ts";
import { listRuns, removeRun } from "../../stores/files/run-folder.ts";
import { configOrExit } from "../configuration.ts";
import { withRegistry } from "./with-registry.ts";

export function runsCommand(): Command {
  return new Command("runs").description("look after the folders of trained runs").addCommand(pruneCommand());
}

function pruneCommand(): Command {
  return new Command("prune")
    .description(
      "remove runs older than 30 days that no slot, backup or shadow names and that are not among the newest 20; prints JSON, and what it would do unless --apply is given",
    )
    .option("--apply", "remove them", false)
    .action(async ({ apply }: { readonly apply: boolean }) => {
      const { dataDir, reportsDir } = configOrExit();
      const state = await withRegistry(async (registry, deadline) => ok(await registry.state(deadline)));
      const latest = await latestRun(reportsDir);
      const named = new Set([...namedRuns(state), ...(latest === null ? [] : [latest])]);
      const runs = await listRuns(dataDir);
      const pruned = prunable(runs, named, systemClock.nowMs());
      if (apply) for (const runId of pruned) await removeRun(dataDir, runId);
      const kept = runs.length - pruned.length;
      console.log(JSON.stringify({ dry_run: !apply, runs: runs.length, kept, pruned }, null, 2));
    });
}
