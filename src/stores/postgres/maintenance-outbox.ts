/** Deletes outbox rows that were published long ago. */

import type { Deadline } from "../../core/deadline.ts";
import { deleteInBatches } from "./maintenance-batch.ts";
import type { Pool } from "./pool-types.ts";

/** A relay whose oldest row is older than this needs the table for itself. */
const BEHIND_SEC = 60;

/**
 * Takes the deleted rows off the published counters in the same statement, in the order of partitions that marks and
 * requeues keep, too; waits for a relay that is behind.
 */
export function purgeOutbox(pool: Pool, keepMs: number, deadline: Deadline): Promise<number> {
  return deleteInBatches(
    pool,
    deadline,
    (sql, limit) => sql`
      with oldest as (
        select created_at from event_outbox where published_at is null and status = 'pending' order by id limit 1
      ),
      purged as (
        delete from event_outbox where id = any(array(
          select id from event_outbox
          where published_at < now() - make_interval(secs => ${keepMs / 1000})
            and not exists (
              select from oldest where created_at < now() - make_interval(secs => ${BEHIND_SEC})
            )
          order by published_at limit ${limit}
        ))
        returning partition
      ),
      uncounted as (
        insert into outbox_counter as c (partition, published)
        select partition, -count(*) from purged group by partition order by partition
        on conflict (partition) do update set published = c.published + excluded.published
      )
      select from purged`,
  );
}
