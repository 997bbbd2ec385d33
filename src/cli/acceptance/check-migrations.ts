/** `reco check-migrations`: looks for drift between migration files and a database, and changes nothing. */

import { Command, Option } from "commander";
import type { CommandSettings } from "../../config/command-settings.ts";
import { parseDatabaseUrl } from "../../config/database-url.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { embeddedAddress } from "../../stores/postgres/embedded.ts";
import { appliedMigrations } from "../../stores/postgres/migrate.ts";
import { embeddedMigrations, inspectMigrations } from "../../stores/postgres/migration-files.ts";
import { settingsOrExit } from "../configuration.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-codes.ts";
import { readRuntimeFile } from "../runtime-file.ts";
import { outputJson } from "./flags.ts";
import { type DatabaseFinding, type LocalMigrations, migrationReport } from "./migration-report.ts";
import { reportText, writeReport } from "./report-file.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 15_000;
const BUILT_IN = "built-in";

interface MigrationFlags {
  readonly migrationsDir?: string;
  readonly databaseUrl: string;
  readonly skipDbCheck: boolean;
  readonly failOnPending: boolean;
  readonly outputJson: string;
}

export function checkMigrationsCommand(): Command {
  return new Command("check-migrations")
    .description(
      "compare migration files with those a database has applied, and change nothing; prints a JSON report, exit 1 on any issue",
    )
    .option("--migrations-dir <path>", "look at these files instead of the built-in ones")
    .addOption(
      new Option("--database-url <url>", "the database").default(
        "",
        "DATABASE_URL, else the running embedded server of this data folder",
      ),
    )
    .option("--skip-db-check", "look at the files alone", false)
    .option("--fail-on-pending", "count files that are not applied yet as issues", false)
    .addOption(outputJson())
    .action(async (flags: MigrationFlags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: MigrationFlags): Promise<number> {
  const local = readLocal(flags.migrationsDir);
  const finding = await readDatabase(flags);
  const report = migrationReport(local, finding, flags.failOnPending);
  console.log(reportText(report));
  writeReport(flags.outputJson, report);
  return report.summary.issues_count === 0 ? EXIT_OK : EXIT_FAILED;
}

function readLocal(dir: string | undefined): LocalMigrations {
  if (dir === undefined) return { dir: BUILT_IN, migrations: embeddedMigrations(), issues: [] };
  try {
    const { migrations, faults } = inspectMigrations(dir);
    return { dir, migrations, issues: faults.map(({ message }) => message) };
  } catch (error) {
    return { dir, migrations: [], issues: [`read failure: ${asError(error).message}`] };
  }
}

async function readDatabase({ skipDbCheck, databaseUrl }: MigrationFlags): Promise<DatabaseFinding> {
  if (skipDbCheck) return { kind: "skipped", reason: "--skip-db-check is set" };
  try {
    const url = databaseUrl || urlOf(settingsOrExit());
    if (url === null) {
      return { kind: "skipped", reason: "DATABASE_URL is not set and no embedded server is running" };
    }
    if (parseDatabaseUrl(url) === null) return { kind: "unreadable", problem: "not a postgres:// URL" };
    const deadline = Deadline.after(READ_TIMEOUT_MS);
    const applied = await appliedMigrations({ url, deadline, connectTimeoutMs: CONNECT_TIMEOUT_MS });
    return { kind: "read", applied };
  } catch (error) {
    return { kind: "unreadable", problem: asError(error).message };
  }
}

/** Null when no database is named and no tree runs one here. */
function urlOf({ databaseUrl, dataDir }: CommandSettings): string | null {
  if (databaseUrl !== null) return databaseUrl;
  const port = readRuntimeFile(dataDir)?.storePort;
  return port ? embeddedAddress(dataDir, port).url : null;
}
