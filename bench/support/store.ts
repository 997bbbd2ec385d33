/** The seeded PostgreSQL server that trees and raw references share in one run. */

import postgres from "postgres";
import { startEmbedded } from "../../src/stores/postgres/embedded.ts";
import { freePort } from "../../tests/support/ports.ts";
import { seededFolder } from "../data/seeded-folder.ts";

const STOP_MS = 30_000;

export interface Store extends AsyncDisposable {
  readonly url: string;
  /** Of the server, whose backends are below it. */
  readonly pid: number;
  readonly sql: postgres.Sql;
  /** Removes what earlier rounds have written, so that each one begins alike. */
  clearWrites(): Promise<void>;
}

export async function openStore(): Promise<Store> {
  const server = await startEmbedded({ dataDir: await seededFolder(), port: freePort() });
  const sql = postgres(server.url, { max: 4, onnotice: () => {} });
  return {
    url: server.url,
    pid: server.pid,
    sql,
    async clearWrites() {
      await sql`truncate ingested_event, impressions, watches, event_outbox, event_log, feature_event_consumed`;
      await sql`checkpoint`;
    },
    async [Symbol.asyncDispose]() {
      await sql.end();
      await server.stop(STOP_MS);
    },
  };
}
