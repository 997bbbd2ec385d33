/** Reads what the embedded log holds of all partitions of some topics. */

import type { Deadline } from "../../core/deadline.ts";
import type { PartitionBounds } from "../../events/log-barrier.ts";
import { textArray } from "../postgres/array-literal.ts";
import type { Pool } from "../postgres/pool-types.ts";

export function readEmbeddedBounds(
  pool: Pool,
  topics: readonly string[],
  deadline: Deadline,
): Promise<readonly PartitionBounds[]> {
  return pool.use("write", deadline, async (sql) => {
    const rows = await sql<PartitionBounds[]>`
      select p.topic, t.topic_id as "topicId", p.partition, p.next_offset as "end", coalesce(
        (select min(l."offset") from event_log l where l.topic = p.topic and l.partition = p.partition), p.next_offset
      ) as start
      from event_log_partition p join event_log_topic t on t.topic = p.topic
      where p.topic = any(${textArray(topics)}::text[])`;
    return [...rows];
  });
}
