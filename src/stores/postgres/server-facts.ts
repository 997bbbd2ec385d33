/** Reads what a server says of itself and of this session. */

import type { Deadline } from "../../core/deadline.ts";
import type { Pool } from "./pool-types.ts";

export interface ServerFacts {
  /** E.g. `18.4`. */
  readonly version: string;
  /** E.g. 180004. */
  readonly versionNumber: number;
  readonly nowMs: number;
  /** Connections that this user may open at once in this database. */
  readonly connectionLimit: number;
  /** E.g. `TLSv1.3`; null when this session is in plain text, null as well for a socket. */
  readonly tls: string | null;
  readonly readOnly: boolean;
}

/** Throws StoreUnavailableError. */
export function readServerFacts(pool: Pool, deadline: Deadline): Promise<ServerFacts> {
  return pool.use("read", deadline, async (sql) => {
    // -1 of a role or a database means no limit of its own; PostgreSQL 15 has no setting reserved_connections.
    const [row] = await sql<ServerFacts[]>`
      select
        current_setting('server_version') as version,
        current_setting('server_version_num')::int as "versionNumber",
        extract(epoch from clock_timestamp())::float8 * 1000 as "nowMs",
        least(
          current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true), '0')::int,
          (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user),
          (select nullif(datconnlimit, -1) from pg_database where datname = current_database())
        ) as "connectionLimit",
        (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl) as tls,
        pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as "readOnly"`;
    if (!row) throw new Error("the server gave no row");
    return row;
  });
}
