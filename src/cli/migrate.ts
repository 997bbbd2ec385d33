/** `reco migrate`: brings the schema up to this build, or says what is pending. */

import { existsSync } from "node:fs";
import { Command } from "commander";
import type { Config } from "../config/config.ts";
import { Deadline } from "../core/deadline.ts";
import { ensureHalfLife } from "../stores/postgres/feature-decay.ts";
import { migrate, migrationStatus, refuseDrift } from "../stores/postgres/migrate.ts";
import { readMigrations } from "../stores/postgres/migration-files.ts";
import { configOrExit } from "./configuration.ts";
import { asCommandError, commandPool, openDatabase } from "./database.ts";
import { CommandError, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from "./exit-codes.ts";

const MIGRATE_TIMEOUT_MS = 600_000;

interface MigrateFlags {
  readonly migrationsDir?: string;
  readonly check: boolean;
}

export function migrateCommand(): Command {
  return new Command("migrate")
    .description("apply pending migrations")
    .option("--migrations-dir <path>", "use these files instead of the built-in ones")
    .option("--check", "change nothing; exit 1 when migrations are pending", false)
    .action(async (flags: MigrateFlags) => {
      try {
        process.exitCode = await run(flags, configOrExit());
      } catch (error) {
        throw asCommandError(error);
      }
    });
}

async function run({ migrationsDir, check }: MigrateFlags, config: Config): Promise<number> {
  if (migrationsDir !== undefined && !existsSync(migrationsDir)) {
    throw new CommandError(EXIT_USAGE, `--migrations-dir: ${migrationsDir} does not exist`);
  }
  const migrations = migrationsDir === undefined ? undefined : readMigrations(migrationsDir);
  await using database = await openDatabase(config);
  const options = {
    url: database.url,
    deadline: Deadline.after(MIGRATE_TIMEOUT_MS),
    connectTimeoutMs: config.database.connectTimeoutMs,
    ...(migrations && { migrations }),
  };
  if (check) return await report(options);
  await apply(options);
  // Other files may make another schema.
  if (migrations === undefined) await applyHalfLife(options, config);
  return EXIT_OK;
}

type Options = Parameters<typeof migrate>[0];

async function apply(options: Options): Promise<void> {
  const applied = await migrate({ ...options, onApplied: (version) => console.log(`applied ${version}`) });
  if (applied.length === 0) console.log("the schema is up to date");
}

async function applyHalfLife({ url, deadline }: Options, config: Config): Promise<void> {
  await using pool = commandPool(url, config, "reco-migrate");
  const halfLifeHours = config.reco.popularityHalfLifeHours;
  if (await ensureHalfLife(pool, halfLifeHours, deadline))
    console.log(`recomputed decayed popularity with a half-life of ${halfLifeHours} h`);
}

async function report(options: Options): Promise<number> {
  const status = await migrationStatus(options);
  refuseDrift(status);
  for (const version of status.pending) console.log(`pending ${version}`);
  if (status.pending.length === 0) console.log("the schema is up to date");
  return status.pending.length === 0 ? EXIT_OK : EXIT_FAILED;
}
