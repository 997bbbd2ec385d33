/** Compares the generation of this build with what the schema still admits. */

import { MigrationError } from "./migration-error.ts";
import type { Connection } from "./pool-types.ts";

/** Grows when a migration makes builds before it unable to read or write. */
const SCHEMA_GENERATION = 1;

/** `missing`: the schema does not say. Throws MigrationError `schema_too_new` when this build may not even read. */
export async function readAdmission(sql: Connection): Promise<"usable" | "read_only" | "missing"> {
  const [known] = await sql<{ found: boolean }[]>`select to_regclass('schema_info') is not null as found`;
  if (!known?.found) return "missing";
  const [info] = await sql<{ minReader: number; minWriter: number }[]>`
    select min_reader as "minReader", min_writer as "minWriter" from schema_info`;
  if (!info) return "missing";
  if (info.minReader > SCHEMA_GENERATION) {
    const message = `the schema needs a build of generation ${info.minReader}, this one has ${SCHEMA_GENERATION}`;
    throw new MigrationError("schema_too_new", null, message);
  }
  return info.minWriter > SCHEMA_GENERATION ? "read_only" : "usable";
}
