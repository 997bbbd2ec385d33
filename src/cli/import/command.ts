/** `reco import`: loads history and catalogue from files into a running or a stopped reco. */

import { Command, Option } from "commander";
import type { Config } from "../../config/config.ts";
import { configOrExit } from "../configuration.ts";
import { asCommandError, openStore } from "../database.ts";
import { CommandError, EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { interruptible } from "../interruptible.ts";
import { forgetShared } from "../shared-cache.ts";
import { chooseSources, FORMATS, KINDS, type SourceFlags } from "./flags.ts";
import { importFiles } from "./import-files.ts";
import { describeAsJson, describeForPeople } from "./report.ts";
import { SourceError } from "./sources.ts";

interface ImportFlags extends SourceFlags {
  readonly publish: boolean;
  readonly dryRun: boolean;
  readonly continueOnError: boolean;
  readonly json: boolean;
}

export function importCommand(): Command {
  return new Command("import")
    .description(
      "load events or items; a repeat counts nothing twice, a broken-off import goes on where it stopped",
    )
    .addOption(
      new Option("--kind <kind>", "what the lines are (default: events; of movielens both)").choices(KINDS),
    )
    .addOption(new Option("--format <format>", "how they are written").choices(FORMATS).default("csv"))
    .requiredOption("--file <path>", "the file; for movielens the directory with ratings.csv and movies.csv")
    .option("--map <from=to...>", "rename columns, e.g. --map userId=user_id", [])
    .option("--publish", "also write outbox rows of watches and impressions", false)
    .option("--dry-run", "check every line and store nothing", false)
    .option("--continue-on-error", "go on after a refused line", false)
    .option("--json", "print the counts as JSON", false)
    .action(async (flags: ImportFlags) => {
      try {
        process.exitCode = await run(flags, configOrExit());
      } catch (error) {
        if (error instanceof SourceError || isFileError(error)) {
          throw new CommandError(EXIT_FAILED, error.message, { cause: error });
        }
        throw asCommandError(error);
      }
    });
}

/** The import file cannot be read, or the list of refused lines cannot be written beside it. */
const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "path" in error;

async function run(flags: ImportFlags, config: Config): Promise<number> {
  const sources = chooseSources(flags);
  await using store = flags.dryRun ? null : await openStore(config, "reco-import");
  const changesFeatures = !flags.dryRun && sources.some(({ kind }) => kind === "events");
  await using _forgetting = changesFeatures ? forgetShared(config) : null;
  using interrupt = interruptible();
  const { publish, continueOnError, dryRun } = flags;
  const pool = store?.pool ?? null;
  const results = await importFiles(sources, {
    config,
    pool,
    publish,
    continueOnError,
    signal: interrupt.signal,
  });
  console.log(flags.json ? describeAsJson(results, dryRun) : describeForPeople(results, dryRun));
  const isClean = results.every(({ end, counts }) => end === "finished" && counts.rejected === 0);
  return isClean ? EXIT_OK : EXIT_FAILED;
}
