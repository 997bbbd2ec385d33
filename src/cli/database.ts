/** Finds the database a command works on: `DATABASE_URL`, a running tree's server, or one started for the command. */

import type { Config } from "../config/config.ts";
import { Deadline } from "../core/deadline.ts";
import { embeddedAddress, prepareEmbedded, startEmbedded } from "../stores/postgres/embedded.ts";
import { EmbeddedServerError } from "../stores/postgres/embedded-errors.ts";
import { migrate } from "../stores/postgres/migrate.ts";
import { openPool } from "../stores/postgres/pool.ts";
import type { Pool } from "../stores/postgres/pool-types.ts";
import { CommandError, EXIT_CONFIG } from "./exit-codes.ts";
import { readRuntimeFile } from "./runtime-file.ts";

const MIGRATE_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1_000;
const COMMAND_CONNECTIONS = 2;

export interface Database extends AsyncDisposable {
  readonly url: string;
}

/** Starts the embedded server only when nobody else runs it, and stops what it started. */
export async function openDatabase(config: Config): Promise<Database> {
  if (config.database.url !== null) return { url: config.database.url, async [Symbol.asyncDispose]() {} };
  const running = readRuntimeFile(config.dataDir);
  if (running?.storePort) {
    const { url } = embeddedAddress(config.dataDir, running.storePort);
    return { url, async [Symbol.asyncDispose]() {} };
  }
  const { dataDir, port } = await prepareEmbedded(config.dataDir).catch((error: unknown) => {
    if (error instanceof EmbeddedServerError) throw new CommandError(EXIT_CONFIG, error.message, { cause: error });
    throw error;
  });
  const server = await startEmbedded({ dataDir, port });
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop(STOP_TIMEOUT_MS) };
}

/** A small pool on a database with the current schema. */
export async function openStore(config: Config, applicationName: string): Promise<{ pool: Pool } & AsyncDisposable> {
  const database = await openDatabase(config);
  try {
    await migrate({ url: database.url, deadline: Deadline.after(MIGRATE_TIMEOUT_MS) });
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
  const pool = openPool({
    url: database.url,
    applicationName,
    max: COMMAND_CONNECTIONS,
    statementTimeoutMs: MIGRATE_TIMEOUT_MS,
    lockTimeoutMs: MIGRATE_TIMEOUT_MS,
  });
  return {
    pool,
    async [Symbol.asyncDispose]() {
      await pool.close(CLOSE_TIMEOUT_MS);
      await database[Symbol.asyncDispose]();
    },
  };
}
