/** `reco import`: loads history and catalogue from files into a running or a stopped reco. */

import { existsSync, statSync } from "node:fs";
import { Command, Option } from "commander";
import { parseItem } from "../../catalog/item.ts";
import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { IMPORT_CHUNK_SIZE, importEvents } from "../../stores/postgres/interaction-import.ts";
import { upsertItems } from "../../stores/postgres/item-store.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";
import { configOrExit } from "../configuration.ts";
import { openStore } from "../database.ts";
import { CommandError, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "../exit-codes.ts";
import { Checkpoint } from "./checkpoint.ts";
import { eventRowParser } from "./event-rows.ts";
import { movieLensFiles, ratingEventId, readMovies, readRatings } from "./movielens.ts";
import { showProgress } from "./progress.ts";
import { Rejects } from "./rejects.ts";
import { type ImportCounts, type ImportTarget, runImport } from "./run-import.ts";
import { readCsv, readJsonl, type SourceRecord } from "./sources.ts";

/** One chunk waits on the locks of live writers at most this long. */
const CHUNK_DEADLINE_MS = 60_000;
/** Rows handed over at once; the store splits them into its own transactions. */
const CHUNK_SIZE = IMPORT_CHUNK_SIZE;

interface ImportFlags {
  readonly kind: "events" | "items";
  readonly format: "csv" | "jsonl" | "movielens";
  readonly file: string;
  readonly map: readonly string[];
  readonly publish: boolean;
  readonly dryRun: boolean;
  readonly continueOnError: boolean;
  readonly json: boolean;
}

/** One file to read, and what its records become. */
interface Source {
  readonly file: string;
  readonly kind: ImportFlags["kind"];
  readonly read: () => AsyncIterable<SourceRecord>;
  readonly movieLensIds: boolean;
}

export function importCommand(): Command {
  return new Command("import")
    .description("load events or items; a repeat counts nothing twice")
    .addOption(new Option("--kind <kind>", "what the lines are").choices(["events", "items"]).default("events"))
    .addOption(new Option("--format <format>", "how they are written").choices(["csv", "jsonl", "movielens"]).default("csv"))
    .requiredOption("--file <path>", "the file; for movielens the directory with ratings.csv and movies.csv")
    .option("--map <from=to...>", "rename columns, e.g. --map userId=user_id", [])
    .option("--publish", "also write outbox rows of watches and impressions", false)
    .option("--dry-run", "check every line and store nothing", false)
    .option("--continue-on-error", "go on after a refused line", false)
    .option("--json", "print the counts as JSON", false)
    .action(async (flags: ImportFlags) => {
      process.exitCode = await importFiles(flags, configOrExit());
    });
}

async function importFiles(flags: ImportFlags, config: Config): Promise<number> {
  const sources = chooseSources(flags);
  await using store = flags.dryRun ? null : await openStore(config, "reco-import");
  const total: ImportCounts = { read: 0, inserted: 0, duplicates: 0, rejected: 0, resumed: 0 };
  for (const source of sources) {
    const counts = await importSource(source, flags, config, store?.pool ?? null);
    for (const name of Object.keys(total) as (keyof ImportCounts)[]) total[name] += counts[name];
    if (counts.rejected > 0 && !flags.continueOnError) break;
  }
  print(total, flags);
  return total.rejected > 0 ? EXIT_FAILED : EXIT_OK;
}

function chooseSources(flags: ImportFlags): readonly Source[] {
  if (!existsSync(flags.file)) throw new CommandError(EXIT_FAILED, `${flags.file} does not exist`);
  if (flags.format === "movielens") {
    const { movies, ratings } = movieLensFiles(flags.file);
    for (const file of [movies, ratings]) {
      if (!existsSync(file)) throw new CommandError(EXIT_FAILED, `${file} does not exist`);
    }
    return [
      { file: movies, kind: "items", read: () => readMovies(movies), movieLensIds: false },
      { file: ratings, kind: "events", read: () => readRatings(ratings), movieLensIds: true },
    ];
  }
  if (!statSync(flags.file).isFile()) throw new CommandError(EXIT_FAILED, `${flags.file} is not a file`);
  const rename = parseMap(flags.map);
  const read = flags.format === "csv" ? readCsv : readJsonl;
  return [{ file: flags.file, kind: flags.kind, read: () => read(flags.file, rename), movieLensIds: false }];
}

function parseMap(entries: readonly string[]): ReadonlyMap<string, string> {
  const pairs = entries.flatMap((entry) => entry.split(",")).map((entry) => entry.split("="));
  for (const pair of pairs) {
    if (pair.length !== 2 || pair.some((name) => name === "")) {
      throw new CommandError(EXIT_USAGE, `--map takes from=to, not ${pair.join("=")}`);
    }
  }
  return new Map(pairs as [string, string][]);
}

async function importSource(source: Source, flags: ImportFlags, config: Config, pool: Pool | null) {
  const checkpoint = new Checkpoint(config.dataDir, source.file, source.kind);
  using rejects = new Rejects(source.file, checkpoint.load() > 0);
  const progress = showProgress(source.kind);
  try {
    const common = {
      file: source.file,
      records: source.read(),
      checkpoint,
      rejects,
      continueOnError: flags.continueOnError,
      onProgress: progress.update,
    };
    return source.kind === "items"
      ? await runImport({ ...common, target: itemTarget(pool) })
      : await runImport({ ...common, target: eventTarget(pool, flags, config, source) });
  } finally {
    progress.stop();
    if (rejects.count > 0) console.error(`${rejects.count} lines refused, see ${rejects.path}`);
  }
}

function eventTarget(pool: Pool | null, flags: ImportFlags, config: Config, source: Source) {
  const plan = {
    topics: config.topics,
    outboxPartitions: config.outbox.partitions,
    maxAttempts: config.outbox.maxAttempts,
    maxEventBytes: config.ingest.maxEventBytes,
  };
  const parse = eventRowParser(plan, systemClock.nowMs(), source.movieLensIds ? ratingEventId : undefined);
  type Row = Extract<ReturnType<typeof parse>, { ok: true }>["value"];
  const target: ImportTarget<Row> = {
    chunkSize: CHUNK_SIZE,
    parse,
    store:
      pool &&
      ((rows) =>
        importEvents(pool, rows, { publish: flags.publish }, systemClock, Deadline.after(CHUNK_DEADLINE_MS))),
  };
  return target;
}

function itemTarget(pool: Pool | null): ImportTarget<Parameters<typeof upsertItems>[1][number]> {
  return {
    chunkSize: CHUNK_SIZE,
    parse: parseItem,
    store:
      pool &&
      (async (rows) => {
        const { inserted, updated } = await upsertItems(pool, rows, Deadline.after(CHUNK_DEADLINE_MS));
        return { inserted, duplicates: updated };
      }),
  };
}

function print(counts: ImportCounts, flags: ImportFlags): void {
  if (flags.json) return console.log(JSON.stringify({ dry_run: flags.dryRun, ...counts }));
  const { read, inserted, duplicates, rejected, resumed } = counts;
  const stored = flags.dryRun ? "nothing stored (dry run)" : `${inserted} new, ${duplicates} known`;
  console.log(`${read} lines: ${stored}, ${rejected} refused${resumed > 0 ? `, ${resumed} from an earlier run` : ""}`);
}
