/** Finds the transaction that has been open the longest: it keeps vacuum from removing dead rows. */

import type { Deadline } from "../../core/deadline.ts";
import type { Pool } from "./pool-types.ts";

export interface OldestTransaction {
  readonly ageMs: number;
  readonly pid: number;
  /** E.g. `idle in transaction`. */
  readonly state: string;
  readonly applicationName: string;
}

/** Null when no other session of this database is in a transaction. */
export function readOldestTransaction(pool: Pool, deadline: Deadline): Promise<OldestTransaction | null> {
  return pool.use("read", deadline, async (sql) => {
    const [row] = await sql<OldestTransaction[]>`
      select
        extract(epoch from clock_timestamp() - xact_start)::float8 * 1000 as "ageMs",
        pid,
        coalesce(state, 'unknown') as state,
        application_name as "applicationName"
      from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and backend_type = 'client backend' and xact_start is not null
      order by xact_start limit 1`;
    return row ?? null;
  });
}
