/** Reads how many dead letters there are, and how old the oldest open one is. */

import type { Deadline } from "../../core/deadline.ts";
import type { Pool } from "./pool-types.ts";

export interface DlqSnapshot {
  readonly pending: number;
  readonly replayed: number;
  readonly maxRetryCount: number;
  /** 0 when none is pending. */
  readonly oldestPendingMs: number;
}

export function readDlqSnapshot(pool: Pool, deadline: Deadline): Promise<DlqSnapshot> {
  return pool.use("write", deadline, async (sql) => {
    const [row] = await sql<DlqSnapshot[]>`
      select
        count(*) filter (where status = 'pending')::float8 as pending,
        count(*) filter (where status = 'replayed')::float8 as replayed,
        coalesce(max(retry_count), 0)::int as "maxRetryCount",
        coalesce(
          extract(epoch from clock_timestamp() - min(first_failed_at) filter (where status = 'pending')) * 1000, 0
        )::float8 as "oldestPendingMs"
      from feature_consumer_dlq`;
    const { pending = 0, replayed = 0, maxRetryCount = 0, oldestPendingMs = 0 } = row ?? {};
    return { pending, replayed, maxRetryCount, oldestPendingMs: Math.max(0, oldestPendingMs) };
  });
}
