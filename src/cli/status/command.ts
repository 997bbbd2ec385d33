/** `reco status`: the tree that runs on this data folder. */

import { Command } from "commander";
import { systemClock } from "../../core/clock.ts";
import { configOrExit } from "../configuration.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { readRuntimeFile } from "../runtime-file.ts";
import { describeStatus } from "./describe.ts";
import { gatherStatus } from "./gather.ts";

export function statusCommand(): Command {
  return new Command("status")
    .description("show the reco that runs on this data folder; exit 1 when none does")
    .option("--json", "print it as JSON", false)
    .action(async (flags: { json: boolean }) => {
      process.exitCode = await run(flags.json);
    });
}

async function run(asJson: boolean): Promise<number> {
  const config = configOrExit();
  const running = readRuntimeFile(config.dataDir);
  if (running === null) {
    if (asJson) console.log(JSON.stringify({ running: false, data_dir: config.dataDir }, null, 2));
    else console.error(`no reco runs on ${config.dataDir} (RECO_DATA_DIR names another folder)`);
    return EXIT_FAILED;
  }
  const report = await gatherStatus(config, running, systemClock.nowMs());
  console.log(asJson ? JSON.stringify(report, null, 2) : describeStatus(report));
  return EXIT_OK;
}
