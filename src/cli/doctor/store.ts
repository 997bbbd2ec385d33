/** Asks the database all that its checks look at: over one small pool, in bounded time. */

import type { Config } from "../../config/config.ts";
import { redactSetting } from "../../config/redact.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { readDlqSnapshot } from "../../stores/postgres/dlq-snapshot.ts";
import { embeddedAddress } from "../../stores/postgres/embedded.ts";
import { type MigrationStatus, migrationStatus } from "../../stores/postgres/migrate.ts";
import { MigrationError } from "../../stores/postgres/migration-error.ts";
import { openPool } from "../../stores/postgres/pool.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";
import { checkSchema } from "../../stores/postgres/schema-version.ts";
import { readServerFacts, type ServerFacts } from "../../stores/postgres/server-facts.ts";
import { type Finding, fail, pass, warn } from "./check.ts";
import type { Installation } from "./installation.ts";

const NAME = "store_reachable";
const MAX_CONNECT_MS = 5_000;
const ASK_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 500;

export interface StoreFacts {
  readonly config: Config;
  readonly server: ServerFacts;
  /** How far the server's clock is ahead of this machine's; true within half of the round trip. */
  readonly skewMs: number;
  readonly roundTripMs: number;
  readonly migrations: MigrationStatus;
  readonly admission: "usable" | "read_only" | "missing" | "too_new";
  /** Null where the schema is not there yet; 0 when no dead letter waits. */
  readonly oldestDeadLetterMs: number | null;
}

/** No facts where no server runs, or none answers. */
export async function askStore(
  installation: Installation,
): Promise<{ readonly reached: Finding; readonly facts: StoreFacts | null }> {
  const place = placeOf(installation);
  if (place === null) return { reached: { name: NAME, ...notAsked(installation) }, facts: null };
  try {
    const facts = await gather(installation.config, place.url());
    return { reached: { name: NAME, ...pass(`${place.name} answers`) }, facts };
  } catch (error) {
    const why = asError(error).message;
    return { reached: { name: NAME, ...fail(`${place.name} does not answer: ${why}`) }, facts: null };
  }
}

interface Place {
  /** Without its password. */
  readonly name: string;
  /** May throw: the password of the embedded server lies in a file. */
  url(): string;
}

function placeOf({ config: { database, dataDir }, running }: Installation): Place | null {
  const { url } = database;
  if (url !== null) return { name: redactSetting("DATABASE_URL", url), url: () => url };
  const port = running?.storePort;
  if (!port) return null;
  return { name: `the embedded database on port ${port}`, url: () => embeddedAddress(dataDir, port).url };
}

/** Starting the embedded server would make its data, or take it from the tree that is about to start. */
const notAsked = ({ running }: Installation) =>
  running
    ? warn(`process ${running.pid} runs here with a database of its own: set its DATABASE_URL here too`)
    : pass("the embedded database starts with reco, which does not run now");

async function gather(config: Config, url: string): Promise<StoreFacts> {
  const connectTimeoutMs = Math.min(config.database.connectTimeoutMs, MAX_CONNECT_MS);
  const pool = openPool({ url, applicationName: "reco-doctor", min: 0, max: 2, connectTimeoutMs });
  try {
    const deadline = Deadline.after(connectTimeoutMs + ASK_TIMEOUT_MS);
    await pool.use("read", deadline, (sql) => sql`select 1`); // Connects, so that the next round trip is only one.
    const sentMs = systemClock.nowMs();
    const server = await readServerFacts(pool, deadline);
    const roundTripMs = systemClock.nowMs() - sentMs;
    const migrations = await migrationStatus({ url, deadline, connectTimeoutMs });
    const admission = await admissionOf(pool, deadline);
    const isThere = admission === "usable" || admission === "read_only";
    return {
      config,
      server,
      skewMs: server.nowMs - (sentMs + roundTripMs / 2),
      roundTripMs,
      migrations,
      admission,
      oldestDeadLetterMs: isThere ? (await readDlqSnapshot(pool, deadline)).oldestPendingMs : null,
    };
  } finally {
    await pool.close(CLOSE_TIMEOUT_MS);
  }
}

async function admissionOf(pool: Pool, deadline: Deadline): Promise<StoreFacts["admission"]> {
  try {
    return await checkSchema(pool, deadline);
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    // Drift is seen in the list of migrations, which names every file.
    return error.problem === "schema_too_new" ? "too_new" : "missing";
  }
}
