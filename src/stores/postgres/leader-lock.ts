/** Lets one node at a time do what need not be done twice. */

import type { Deadline } from "../../core/deadline.ts";
import type { Pool } from "./pool-types.ts";

/**
 * Runs `work` while a session of its own holds the advisory lock of `name`; false when another session holds it.
 * The lock ends with that session: after a lost connection a second leader may start, so `work` must bear that.
 * The session comes from the read lane, because `work` writes and may need every connection of the other.
 */
export function asLeader(
  pool: Pool,
  name: string,
  deadline: Deadline,
  work: () => Promise<void>,
): Promise<boolean> {
  const key = `reco.leader:${name}`;
  return pool.use("read", deadline, async (sql) => {
    const [row] = await sql<{ held: boolean }[]>`
      select pg_try_advisory_lock(hashtextextended(${key}, 0)) as held`;
    if (!row?.held) return false;
    try {
      await work();
    } finally {
      await sql`select pg_advisory_unlock(hashtextextended(${key}, 0))`;
    }
    return true;
  });
}
