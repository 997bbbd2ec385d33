/** Numbers for ownerships of partitions that grow for as long as the database lives. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { Pool } from "../postgres/pool-types.ts";

/** Each answer is greater than all before it, of whatever process. */
export type NextGeneration = () => Promise<number>;

const QUERY_TIMEOUT_MS = 5_000;

export function createGenerations(pool: Pool, clock: Clock): NextGeneration {
  return () =>
    pool.use("write", Deadline.after(QUERY_TIMEOUT_MS, clock), async (sql) => {
      const [row] = await sql<{ next: bigint }[]>`select nextval('event_log_generation') as next`;
      if (!row) throw new Error("the database gave no generation");
      return Number(row.next);
    });
}
