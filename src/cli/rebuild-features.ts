/** `reco rebuild-features`: brings features that are in doubt to what the stored events say. */

import { Command } from "commander";
import type { Config } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { catchUpFeatures, type FactWindow } from "../stores/postgres/feature-catch-up.ts";
import { rebuildFeatures } from "../stores/postgres/feature-rebuild.ts";
import { daysMs } from "../stores/postgres/maintenance-batch.ts";
import type { Pool } from "../stores/postgres/pool-types.ts";
import { configOrExit } from "./configuration.ts";
import { asCommandError, openStore } from "./database.ts";
import { CommandError, EXIT_USAGE } from "./exit-codes.ts";
import { instant } from "./replay/flags.ts";
import { forgetShared } from "./shared-cache.ts";

/** Far more than the fold takes; writers wait as long. */
const REBUILD_TIMEOUT_MS = 3_600_000;

interface RebuildFlags {
  readonly from?: number;
  readonly to?: number;
}

export function rebuildFeaturesCommand(): Command {
  return new Command("rebuild-features")
    .description(
      "fold all stored events anew; requests are answered from the old features until all new ones are there, writers of events wait. " +
        "With --from or --to: apply only the watches and impressions of that time that the stream missed; nobody waits",
    )
    .addOption(instant("--from <time>", "events that happened at or after this time"))
    .addOption(instant("--to <time>", "events that happened before this time"))
    .action(async (flags: RebuildFlags) => {
      try {
        await run(windowOf(flags), configOrExit());
      } catch (error) {
        throw asCommandError(error);
      }
    });
}

/** Null: everything, from the start. */
function windowOf({ from, to }: RebuildFlags): FactWindow | null {
  if (from === undefined && to === undefined) return null;
  if (from !== undefined && to !== undefined && from >= to) {
    throw new CommandError(EXIT_USAGE, "--from must be before --to");
  }
  return { fromMs: from ?? null, toMs: to ?? null };
}

async function run(window: FactWindow | null, config: Config): Promise<void> {
  await using store = await openStore(config, "reco-rebuild-features");
  await using _forgetting = forgetShared(config);
  const deadline = Deadline.after(REBUILD_TIMEOUT_MS);
  if (window) return await catchUp(store.pool, window, config, deadline);
  const tables = await rebuildFeatures(store.pool, config.consumer.historySize, deadline);
  for (const [table, rows] of Object.entries(tables)) console.log(`rebuilt ${table}: ${rows} rows`);
}

async function catchUp(pool: Pool, window: FactWindow, config: Config, deadline: Deadline): Promise<void> {
  const { topics, retention, consumer } = config;
  const { consumedDays, factDays } = retention;
  const settings = { pool, topics, historySize: consumer.historySize, consumedDays, factDays };
  const applied = await catchUpFeatures(settings, window, deadline);
  for (const [name, events] of Object.entries(applied)) console.log(`applied ${name}: ${events}`);
  const knownSinceMs = systemClock.nowMs() - daysMs(consumedDays);
  if ((window.fromMs ?? 0) >= knownSinceMs) return;
  const since = new Date(knownSinceMs).toISOString();
  console.error(
    `impressions that arrived before ${since} were left alone: whether they were counted is not known`,
  );
}
