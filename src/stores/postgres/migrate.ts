/** Applies migrations: one runner among N starters, each file whole or not at all. */

import { type Clock, systemClock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { asError, StoreUnavailableError } from "../../core/errors.ts";
import { failpoint } from "../../core/failpoint.ts";
import { Client } from "./client.ts";
import { toStoreError } from "./errors.ts";
import { MigrationError } from "./migration-error.ts";
import { embeddedMigrations, type Migration } from "./migration-files.ts";
import type { Connection } from "./pool-types.ts";
import { readAdmission } from "./schema-generation.ts";

interface ConnectOptions {
  readonly url: string;
  /** Bounds everything, the wait for another runner included. */
  readonly deadline: Deadline;
  readonly connectTimeoutMs?: number;
  readonly clock?: Clock;
}

export interface MigrateOptions extends ConnectOptions {
  /** Default: those of this build. */
  readonly migrations?: readonly Migration[];
  /** Called after each applied file. */
  readonly onApplied?: (version: string) => void;
}

export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Applied with another checksum than the local file has. */
  readonly drifted: readonly string[];
  /** Applied, but unknown to this build: the schema is newer. */
  readonly unknown: readonly string[];
}

/** Key of the session lock: "reco" in ASCII. */
const LOCK_KEY = 0x7265636f;
const LOCK_POLL_MS = 50;
/** A schema change must not queue for long behind a reader while all others queue behind it. */
const DDL_LOCK_TIMEOUT_MS = 5_000;

/**
 * Applies what is pending and answers the applied files. Of several callers one runs, the others wait and verify.
 * Throws MigrationError (drift, too new a schema, a bad file, a failing file, which leaves nothing behind) or StoreUnavailableError.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { clock = systemClock, migrations = embeddedMigrations() } = options;
  return withClient(options, clock, async (sql) => {
    await acquireLock(sql, options.deadline, clock);
    await createVersionTable(sql);
    const status = compare(migrations, await readApplied(sql));
    refuseDrift(status);
    await readAdmission(sql);
    const pending = migrations.filter(({ version }) => status.pending.includes(version));
    for (const migration of pending) {
      await apply(sql, migration);
      options.onApplied?.(migration.version);
    }
    return status.pending;
  });
}

/** Compares the local files with the database and changes nothing. Throws StoreUnavailableError. */
export async function migrationStatus(options: Omit<MigrateOptions, "onApplied">): Promise<MigrationStatus> {
  const { migrations = embeddedMigrations() } = options;
  return compare(migrations, (await appliedMigrations(options)) ?? new Map());
}

/** Version and checksum of each applied migration, null without their table; changes nothing. Throws StoreUnavailableError. */
export async function appliedMigrations(
  options: ConnectOptions,
): Promise<ReadonlyMap<string, string> | null> {
  return withClient(options, options.clock ?? systemClock, async (sql) => {
    const [known] = await sql<
      { found: boolean }[]
    >`select to_regclass('schema_migrations') is not null as found`;
    return known?.found ? await readApplied(sql) : null;
  });
}

/** Throws MigrationError when an applied file differs from the local one. */
export function refuseDrift(status: MigrationStatus): void {
  const [file] = status.drifted;
  if (file !== undefined) {
    throw new MigrationError("drift", file, `migration ${file} was changed after it was applied`);
  }
}

async function withClient<T>(
  options: ConnectOptions,
  clock: Clock,
  work: (sql: Connection) => Promise<T>,
): Promise<T> {
  const client = await Client.open(
    {
      url: options.url,
      applicationName: "reco-migrate",
      connectTimeoutMs: Math.min(options.connectTimeoutMs ?? 2_000, options.deadline.remainingMs()),
      statementTimeoutMs: 0,
      lockTimeoutMs: DDL_LOCK_TIMEOUT_MS,
      clock,
    },
    () => {},
  );
  try {
    return await client.run(options.deadline, work);
  } finally {
    // Ends the session, and with it the lock.
    client.destroy();
  }
}

/** Polled, because a session that waits inside a statement holds a snapshot. */
async function acquireLock(sql: Connection, deadline: Deadline, clock: Clock): Promise<void> {
  while (true) {
    const [row] = await sql<{ held: boolean }[]>`select pg_try_advisory_lock(${LOCK_KEY}::bigint) as held`;
    if (row?.held) return;
    if (deadline.expired)
      throw new StoreUnavailableError("contention", "another process holds the migration lock");
    await clock.sleep(LOCK_POLL_MS);
  }
}

async function createVersionTable(sql: Connection): Promise<void> {
  await sql`
    create table if not exists schema_migrations (
      version text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`;
}

/** The same on an open connection, whose database must have the table. */
export async function readApplied(sql: Connection): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ version: string; checksum: string }[]>`
    select version, checksum from schema_migrations order by version`;
  return new Map(rows.map(({ version, checksum }) => [version, checksum]));
}

export function compare(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, string>,
): MigrationStatus {
  const local = new Map(migrations.map(({ version, checksum }) => [version, checksum]));
  return {
    applied: [...applied.keys()],
    pending: [...local.keys()].filter((version) => !applied.has(version)),
    drifted: [...local].flatMap(([version, checksum]) => {
      const stored = applied.get(version);
      return stored !== undefined && stored !== checksum ? [version] : [];
    }),
    unknown: [...applied.keys()].filter((version) => !local.has(version)),
  };
}

async function apply(sql: Connection, { version, text, checksum }: Migration): Promise<void> {
  try {
    await sql.begin(async (tx) => {
      await tx.unsafe(text);
      await failpoint("migrate.in_transaction");
      await tx`insert into schema_migrations (version, checksum) values (${version}, ${checksum})`;
    });
  } catch (thrown) {
    const error = toStoreError(thrown);
    if (error instanceof StoreUnavailableError) throw error;
    const message = `migration ${version} failed: ${asError(thrown).message}`;
    throw new MigrationError("failed", version, message, { cause: thrown });
  }
}
