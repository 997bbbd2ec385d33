/** Makes reco's database inside a running embedded server, which also proves that the password opens it. */

import postgres from "postgres";
import { EmbeddedServerError } from "./embedded-errors.ts";

export const DATABASE_NAME = "reco";
const LOGIN_TIMEOUT_SEC = 5;
const WRONG_PASSWORD = "28P01";

/** Throws EmbeddedServerError `wrong_password`. */
export async function ensureDatabase(url: string, passwordFile: string): Promise<void> {
  const admin = new URL(url);
  admin.pathname = "/postgres";
  const sql = postgres(admin.href, { max: 1, connect_timeout: LOGIN_TIMEOUT_SEC, fetch_types: false });
  try {
    const known = await sql`select 1 from pg_database where datname = ${DATABASE_NAME}`;
    if (known.length === 0) await sql`create database ${sql(DATABASE_NAME)}`;
  } catch (cause) {
    if ((cause as { code?: string }).code !== WRONG_PASSWORD) throw cause;
    const message = `${passwordFile} does not hold the password of the embedded server's data`;
    throw new EmbeddedServerError("wrong_password", message, { cause });
  } finally {
    await sql.end({ timeout: 1 });
  }
}
