/** Migrated PostgreSQL databases for tests: one server a test process, one fresh database a call. */

import postgres from "postgres";
import { Deadline } from "../../src/core/deadline.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import { openPool, type PoolOptions } from "../../src/stores/postgres/pool.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { startTestServer } from "./embedded.ts";
import { eventually } from "./eventually.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** A pool on this database, closed together with it. */
  pool(options?: Partial<PoolOptions>): Pool;
}

interface Server {
  readonly adminUrl: string;
  readonly template: string;
  databases: number;
}

/** A test worker evaluates its files one by one, and they share the server through here. */
const SHARED = Symbol.for("reco.test.server");
const shared = globalThis as { [SHARED]?: Promise<Server> };

/**
 * A fresh database with all migrations applied. `migrated: false` gives an empty one.
 * Uses the server of RECO_TEST_DATABASE_URL when set (its user must be able to create databases), else an
 * embedded one without fsync that ends with the test process.
 */
export async function testDatabase(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  shared[SHARED] ??= openServer();
  const server = await shared[SHARED];
  const name = `reco_test_${process.pid}_${++server.databases}`;
  const template = options.migrated === false ? "template0" : server.template;
  await administer(server.adminUrl, `create database ${name} template ${template} strategy file_copy`);
  const url = withDatabase(server.adminUrl, name);
  const pools: Pool[] = [];
  return {
    url,
    pool(poolOptions) {
      const pool = openPool({ url, applicationName: "test", ...poolOptions });
      pools.push(pool);
      return pool;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(pools.map((pool) => pool.close(1_000)));
      const left = await sessionsLeft(server.adminUrl, name);
      await administer(server.adminUrl, `drop database ${name} with (force)`);
      if (left.length > 0) throw new Error(`connections were leaked by: ${left.join(", ")}`);
    },
  };
}

async function openServer(): Promise<Server> {
  const given = process.env["RECO_TEST_DATABASE_URL"];
  const adminUrl = withDatabase(given ?? (await startTestServer()).url, "postgres");
  const template = `reco_template_${process.pid}`;
  await administer(adminUrl, `drop database if exists ${template} with (force)`);
  await administer(adminUrl, `create database ${template}`);
  await migrate({ url: withDatabase(adminUrl, template), deadline: Deadline.after(20_000) });
  return { adminUrl, template, databases: 0 };
}

/** Names of the sessions that are still open once their owners had time to end them. */
async function sessionsLeft(adminUrl: string, database: string): Promise<string[]> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    return await eventually(
      async () => {
        const rows =
          await sql`select application_name as name from pg_stat_activity where datname = ${database}`;
        if (rows.length > 0) throw new SessionsLeft(rows.map((row) => row["name"] as string));
        return [];
      },
      { timeoutMs: 3_000 },
    );
  } catch (error) {
    if (error instanceof SessionsLeft) return error.names;
    throw error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

class SessionsLeft extends Error {
  override name = "SessionsLeft";
  readonly names: string[];

  constructor(names: string[]) {
    super(`open sessions: ${names.join(", ")}`);
    this.names = names;
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, fetch_types: false });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function withDatabase(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.href;
}
