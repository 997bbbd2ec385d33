/** Deletes old records of the embedded event log that every group has read. */

import type { Deadline } from "../../core/deadline.ts";
import { deleteInBatches } from "./maintenance-batch.ts";
import type { Pool } from "./pool-types.ts";

/** Partition by partition from the oldest offset on, up to the slowest group's stored position. */
export async function purgeEventLog(pool: Pool, keepMs: number, deadline: Deadline): Promise<number> {
  const partitions = await pool.use("write", deadline, async (sql) => {
    const rows = await sql<{ topic: string; partition: number; until: bigint }[]>`
      select p.topic, p.partition, least(
        p.next_offset,
        (select min(o.next_offset) from event_log_offset o where o.topic = p.topic and o.partition = p.partition),
        (select min(c.next_offset) from consumer_offset c
          where c.topic = p.topic and c.partition = p.partition and c.topic_id = t.topic_id)
      ) as until
      from event_log_partition p join event_log_topic t on t.topic = p.topic`;
    return [...rows];
  });
  let deleted = 0;
  for (const { topic, partition, until } of partitions) {
    deleted += await deleteInBatches(
      pool,
      deadline,
      (sql, limit) => sql`
        delete from event_log
        where topic = ${topic} and partition = ${partition} and "offset" = any(array(
          select "offset" from (
            select "offset", ts from event_log
            where topic = ${topic} and partition = ${partition} and "offset" < ${until}
            order by "offset" limit ${limit}
          ) oldest where ts < now() - make_interval(secs => ${keepMs / 1000})
        ))`,
    );
  }
  return deleted;
}
