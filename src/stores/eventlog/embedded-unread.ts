/** Says whether the embedded log still holds something that a group has not consumed. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { textArray } from "../postgres/array-literal.ts";
import type { Pool } from "../postgres/pool-types.ts";

const QUERY_TIMEOUT_MS = 5_000;

/** Judged by the offsets that consumers store with their effects. What retention removed counts as read. */
export function hasUnread(
  pool: Pool,
  group: string,
  topics: readonly string[],
  clock: Clock,
): Promise<boolean> {
  return pool.use("write", Deadline.after(QUERY_TIMEOUT_MS, clock), async (sql) => {
    const [row] = await sql<{ unread: boolean }[]>`
      select exists (
        select from event_log_partition p
        join event_log_topic t on t.topic = p.topic
        left join consumer_offset o on o.consumer = ${group} and o.topic = p.topic and o.topic_id = t.topic_id
          and o.partition = p.partition
        where p.topic = any(${textArray(topics)}::text[]) and exists (
          select from event_log e
          where e.topic = p.topic and e.partition = p.partition and e."offset" >= coalesce(o.next_offset, 0))
      ) as unread`;
    return row?.unread ?? false;
  });
}
