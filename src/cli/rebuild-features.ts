/** `reco rebuild-features`: folds the stored events anew, in place of features that are in doubt. */

import { Command } from "commander";
import type { Config } from "../config/config.ts";
import { Deadline } from "../core/deadline.ts";
import { rebuildFeatures } from "../stores/postgres/feature-rebuild.ts";
import { configOrExit } from "./configuration.ts";
import { asCommandError, openStore } from "./database.ts";

/** Far more than the fold takes; writers wait as long. */
const REBUILD_TIMEOUT_MS = 3_600_000;

export function rebuildFeaturesCommand(): Command {
  return new Command("rebuild-features")
    .description(
      "fold all stored events anew; requests are answered from the old features until all new ones are there, writers of events wait",
    )
    .action(async () => {
      try {
        await run(configOrExit());
      } catch (error) {
        throw asCommandError(error);
      }
    });
}

async function run(config: Config): Promise<void> {
  await using store = await openStore(config, "reco-rebuild-features");
  const deadline = Deadline.after(REBUILD_TIMEOUT_MS);
  const tables = await rebuildFeatures(store.pool, config.consumer.historySize, deadline);
  for (const [table, rows] of Object.entries(tables)) console.log(`rebuilt ${table}: ${rows} rows`);
}
