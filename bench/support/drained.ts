/** Waits until every logged event has become features. */

import type { Sql } from "postgres";

const POLL_MS = 50;
const LONGEST_MS = 300_000;

/** Nothing waits in the outbox, and the consumers have taken all of the event log. */
export async function untilDrained(sql: Sql): Promise<void> {
  const endMs = performance.now() + LONGEST_MS;
  while (performance.now() < endMs) {
    const [left] = await sql<{ queued: boolean; unread: boolean }[]>`
      select exists (select from event_outbox where published_at is null and status in ('pending', 'publishing')) as queued,
        exists (
          select from event_log_partition p
          left join consumer_offset c using (topic, partition)
          where p.next_offset > coalesce(c.next_offset, 0)
        ) as unread`;
    if (left && !left.queued && !left.unread) return;
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`events were still under way after ${LONGEST_MS} ms`);
}
