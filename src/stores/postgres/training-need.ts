/** What the trainer asks of the store every few seconds: cheap whatever the store holds. */

import type { Deadline } from "../../core/deadline.ts";
import type { Pool } from "./pool-types.ts";

export interface TrainingLook {
  /** The newest run, and the highest row of `events` that it has read; null: none was ever trained. */
  readonly newestRun: { readonly createdAtMs: number; readonly watermark: number } | null;
  /** Highest row of `events`; 0 without any. */
  readonly lastEventId: number;
}

export function lookForTraining(pool: Pool, deadline: Deadline): Promise<TrainingLook> {
  return pool.use("read", deadline, async (sql) => {
    const [row] = await sql<{ lastEventId: number }[]>`
      select coalesce(max(id), 0)::float8 as "lastEventId" from events`;
    const [newest] = await sql<{ createdAtMs: number; watermark: number }[]>`
      select floor(date_part('epoch', created_at) * 1000) as "createdAtMs",
        coalesce(manifest -> 'data_range' ->> 'watermark', '0')::float8 as watermark
      from model_run order by created_at desc limit 1`;
    return { newestRun: newest ?? null, lastEventId: row?.lastEventId ?? 0 };
  });
}

/** Whether there are as many events, of as many users; counts no further than that. */
export function hasEnoughToLearn(
  pool: Pool,
  { events, users }: { readonly events: number; readonly users: number },
  deadline: Deadline,
): Promise<boolean> {
  return pool.use("read", deadline, async (sql) => {
    const [counted] = await sql<{ n: number }[]>`
      select count(*)::int as n from (select from events limit ${events}) as first_ones`;
    if ((counted?.n ?? 0) < events) return false;
    // One look into the index a user: counting distinct ones would read it all.
    const [found] = await sql<{ n: number }[]>`
      with recursive distinct_user as (
        (select user_id, 1 as n from events order by user_id limit 1)
        union all
        select (select e.user_id from events e where e.user_id > d.user_id order by e.user_id limit 1), d.n + 1
        from distinct_user d where d.user_id is not null and d.n < ${users}
      )
      select count(user_id)::int as n from distinct_user`;
    return (found?.n ?? 0) >= users;
  });
}
