/** Runs one delete statement again and again until it has nothing left to do. */

import type { Deadline } from "../../core/deadline.ts";
import type { Connection, Pool } from "./pool-types.ts";

/** Rows a statement: a fraction of a second of work. */
const BATCH_ROWS = 5_000;

export const hoursMs = (hours: number) => hours * 3_600_000;
export const daysMs = (days: number) => hoursMs(days * 24);

type Delete = (sql: Connection, limit: number) => PromiseLike<{ readonly count: number }>;

/** Stops at the first batch that is not full, and at the deadline; answers the rows deleted. */
export async function deleteInBatches(pool: Pool, deadline: Deadline, statement: Delete): Promise<number> {
  let deleted = 0;
  while (!deadline.expired) {
    const { count } = await pool.use("write", deadline, async (sql) => statement(sql, BATCH_ROWS));
    deleted += count;
    if (count < BATCH_ROWS) return deleted;
  }
  return deleted;
}
