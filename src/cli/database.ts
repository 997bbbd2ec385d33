/** Finds the database a command works on: `DATABASE_URL`, a running tree's server, or one started for the command. */

import type { Config } from "../config/config.ts";
import { Deadline } from "../core/deadline.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import { embeddedAddress, prepareEmbedded, startEmbedded } from "../stores/postgres/embedded.ts";
import { EmbeddedServerError } from "../stores/postgres/embedded-errors.ts";
import { migrate } from "../stores/postgres/migrate.ts";
import { MigrationError } from "../stores/postgres/migration-error.ts";
import { ensureOutboxPartitions } from "../stores/postgres/outbox-partitions.ts";
import { openPool } from "../stores/postgres/pool.ts";
import type { Pool } from "../stores/postgres/pool-types.ts";
import { checkSchema } from "../stores/postgres/schema-version.ts";
import { CommandError, EXIT_CONFIG, EXIT_FAILED } from "./exit-codes.ts";
import { readRuntimeFile } from "./runtime-file.ts";

const PREPARE_TIMEOUT_MS = 60_000;
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
  if (running) {
    const message = `process ${running.pid} runs on ${config.dataDir} with a database of its own: set its DATABASE_URL here too`;
    throw new CommandError(EXIT_CONFIG, message);
  }
  const { dataDir, port } = await prepareEmbedded(config.dataDir);
  const server = await startEmbedded({ dataDir, port });
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop(STOP_TIMEOUT_MS) };
}

export interface Store extends AsyncDisposable {
  readonly pool: Pool;
}

/** A small pool on a database whose schema this build may write; half of its connections read. */
export async function openStore(
  config: Config,
  applicationName: string,
  connections = COMMAND_CONNECTIONS,
): Promise<Store> {
  await using opened = new AsyncDisposableStack();
  const { url } = opened.use(await openDatabase(config));
  const deadline = Deadline.after(PREPARE_TIMEOUT_MS);
  if (config.database.initOnStartup) await migrate({ url, deadline });
  const pool = commandPool(url, config, applicationName, connections);
  opened.defer(() => pool.close(CLOSE_TIMEOUT_MS));
  const schema = await checkSchema(pool, deadline);
  if (schema === "missing") throw new CommandError(EXIT_FAILED, "migrations are pending: run `reco migrate`");
  if (schema === "read_only")
    throw new CommandError(EXIT_FAILED, "the schema is too new for this build to write");
  await ensureOutboxPartitions(pool, config.outbox.partitions, deadline);
  const owned = opened.move();
  return { pool, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A small pool for one command. */
export const commandPool = (
  url: string,
  config: Config,
  applicationName: string,
  connections = COMMAND_CONNECTIONS,
): Pool =>
  openPool({
    url,
    applicationName,
    max: connections,
    connectTimeoutMs: config.database.connectTimeoutMs,
    statementTimeoutMs: PREPARE_TIMEOUT_MS,
    lockTimeoutMs: PREPARE_TIMEOUT_MS,
  });

/** Trouble with the database as a message and an exit code; anything else as it is, since it is a bug. */
export function asCommandError(error: unknown): unknown {
  if (error instanceof EmbeddedServerError) {
    return new CommandError(error.problem === "start_failed" ? EXIT_FAILED : EXIT_CONFIG, error.message, {
      cause: error,
    });
  }
  if (error instanceof StoreUnavailableError) {
    return new CommandError(EXIT_FAILED, `the database is unavailable: ${error.message}`, { cause: error });
  }
  if (error instanceof MigrationError) return new CommandError(EXIT_FAILED, error.message, { cause: error });
  return error;
}
