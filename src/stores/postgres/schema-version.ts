/** Decides whether this build may use the schema it finds. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import { fullJitterMs } from "../../core/retry-delay.ts";
import { compare, readApplied, refuseDrift } from "./migrate.ts";
import { embeddedMigrations } from "./migration-files.ts";
import type { Connection, Pool } from "./pool-types.ts";
import { readAdmission } from "./schema-generation.ts";

/** `missing`: a migration this build needs is not applied. `read_only`: too new a schema for this build to write. */
export type SchemaState = "usable" | "read_only" | "missing";

const CHECK_TIMEOUT_MS = 2_000;
const MIN_WAIT_MS = 100;
const MAX_WAIT_MS = 2_000;
const UNDEFINED_TABLE = "42P01";

/** Throws MigrationError `drift` or `schema_too_new` (not even readable), or StoreUnavailableError. */
export async function checkSchema(pool: Pool, deadline: Deadline): Promise<SchemaState> {
  try {
    return await pool.use("read", deadline, readState);
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return "missing";
    throw error;
  }
}

async function readState(sql: Connection): Promise<SchemaState> {
  const status = compare(embeddedMigrations(), await readApplied(sql));
  refuseDrift(status);
  if (status.pending.length > 0) return "missing";
  return readAdmission(sql);
}

/**
 * Waits with backoff until the migrations this build needs are applied, through outages of the store too.
 * Answers null when `signal` is aborted first. Throws MigrationError as `checkSchema`.
 */
export async function waitForSchema(
  pool: Pool,
  source: { clock: Clock; random: Random },
  signal: AbortSignal,
): Promise<Exclude<SchemaState, "missing"> | null> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    const state = await checkSchema(pool, Deadline.after(CHECK_TIMEOUT_MS, source.clock)).catch(
      missingIfUnavailable,
    );
    if (state !== "missing") return state;
    await source.clock.sleep(fullJitterMs(attempt, MIN_WAIT_MS, MAX_WAIT_MS, source.random), signal);
  }
  return null;
}

function missingIfUnavailable(error: unknown): SchemaState {
  if (error instanceof StoreUnavailableError) return "missing";
  throw error;
}
