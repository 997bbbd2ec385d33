/** `reco stage-model`: brings a run that was trained elsewhere, or edited, to where it can be loaded from. */

import { statSync } from "node:fs";
import { Command } from "commander";
import { stageRun } from "../../stores/files/staged-runs.ts";
import { configOrExit } from "../configuration.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";
import { operator } from "../replay/operator.ts";
import { withRegistry } from "./with-registry.ts";

export function stageModelCommand(): Command {
  return new Command("stage-model")
    .description(
      "copy a run's folder into MODELS_DIR/staging, in place of one with its name; prints the path, which POST /models/reload takes as source",
    )
    .argument("<dir>", "folder with decision_policy.json and the model file that it names")
    .option("--deploy", "let it serve from the active slot, once it passed all gates", false)
    .action(async (folder: string, { deploy }: { readonly deploy: boolean }) => {
      if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
        throw new CommandError(EXIT_FAILED, `no such folder: ${folder}`);
      }
      const staged = await stageRun(configOrExit().modelsDir, folder);
      console.log(staged);
      if (deploy) await serve(staged);
    });
}

async function serve(source: string): Promise<void> {
  const { runId, activeSlot, workersSwitched } = await withRegistry(async (registry, deadline) => {
    const admitted = await registry.admit(source, deadline);
    if (!admitted.ok) return admitted;
    const { activeSlot: slot } = await registry.state(deadline);
    const promotion = { runId: admitted.value, slot, activate: null, actor: operator() };
    return registry.promote(promotion, deadline);
  });
  console.error(`run ${runId} serves from slot ${activeSlot}; workers that answer by it: ${workersSwitched}`);
}
