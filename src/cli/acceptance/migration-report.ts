/** Holds local migration files against those a database has applied, and names everything that is wrong. Pure. */

import { compare } from "../../stores/postgres/migrate.ts";
import { type Migration, sequenceOf } from "../../stores/postgres/migration-files.ts";

export const VERSION_TABLE = "schema_migrations";

export interface LocalMigrations {
  readonly dir: string;
  readonly migrations: readonly Migration[];
  readonly issues: readonly string[];
}

/** What was found out about the database. */
export type DatabaseFinding =
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "unreadable"; readonly problem: string }
  /** Version and checksum of each applied migration; null without their table. */
  | { readonly kind: "read"; readonly applied: ReadonlyMap<string, string> | null };

interface DatabaseReport {
  readonly status: "skipped" | "ok" | "failed";
  readonly reason?: string;
  readonly table?: string;
  readonly count: number;
  readonly migrations: readonly { readonly version: string; readonly checksum: string }[];
  readonly issues: readonly string[];
}

export interface MigrationReport {
  readonly local: {
    readonly dir: string;
    readonly count: number;
    /** `seq` is null for a name without a number. */
    readonly migrations: readonly {
      readonly file: string;
      readonly seq: number | null;
      readonly checksum: string;
    }[];
    readonly issues: readonly string[];
  };
  readonly db: DatabaseReport;
  readonly comparison: { readonly pending: readonly string[]; readonly issues: readonly string[] };
  readonly summary: {
    readonly local_count: number;
    readonly pending_count: number;
    readonly issues_count: number;
    readonly status: "ok" | "failed";
  };
}

export function migrationReport(
  local: LocalMigrations,
  finding: DatabaseFinding,
  failOnPending: boolean,
): MigrationReport {
  const db = databaseReport(finding);
  const comparison = comparisonReport(local.migrations, finding, failOnPending);
  const issuesCount = local.issues.length + db.issues.length + comparison.issues.length;
  return {
    local: {
      dir: local.dir,
      count: local.migrations.length,
      migrations: local.migrations.map(({ version, checksum }) => {
        const digits = sequenceOf(version);
        return { file: version, seq: digits === null ? null : Number(digits), checksum };
      }),
      issues: local.issues,
    },
    db,
    comparison,
    summary: {
      local_count: local.migrations.length,
      pending_count: comparison.pending.length,
      issues_count: issuesCount,
      status: issuesCount === 0 ? "ok" : "failed",
    },
  };
}

function databaseReport(finding: DatabaseFinding): DatabaseReport {
  if (finding.kind === "skipped") {
    return { status: "skipped", reason: finding.reason, count: 0, migrations: [], issues: [] };
  }
  if (finding.kind === "unreadable") {
    const issues = [`read failure: ${finding.problem}`];
    return { status: "failed", table: VERSION_TABLE, count: 0, migrations: [], issues };
  }
  const applied = [...(finding.applied ?? [])].map(([version, checksum]) => ({ version, checksum }));
  const issues = finding.applied === null ? [`table missing: ${VERSION_TABLE}`] : [];
  const status = issues.length === 0 ? "ok" : "failed";
  return { status, table: VERSION_TABLE, count: applied.length, migrations: applied, issues };
}

/** Empty where the database was not read: then nothing is known of it. */
function comparisonReport(
  migrations: readonly Migration[],
  finding: DatabaseFinding,
  failOnPending: boolean,
): MigrationReport["comparison"] {
  if (finding.kind !== "read") return { pending: [], issues: [] };
  const { pending, drifted, unknown } = compare(migrations, finding.applied ?? new Map());
  return {
    pending,
    issues: [
      ...unknown.map((version) => `applied but missing locally: ${version}`),
      ...drifted.map((version) => `checksum drift: ${version} was changed after it was applied`),
      ...(failOnPending ? pending.map((version) => `pending: ${version}`) : []),
    ],
  };
}
