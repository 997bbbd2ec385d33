/** Waits until every logged event has become features. */

import type { Sql } from "postgres";

const POLL_MS = 50;
const LONGEST_MS = 300_000;

/** Nothing waits in the outbox, and the consumers have taken all of the embedded event log. */
export function untilDrained(sql: Sql): Promise<void> {
  return until(sql, async () => {
    const [left] = await sql<{ unread: boolean }[]>`
      select exists (
        select from event_log_partition p
        left join consumer_offset c using (topic, partition)
        where p.next_offset > coalesce(c.next_offset, 0)
      ) as unread`;
    return left?.unread === false;
  });
}

/** Nothing waits in the outbox, and the consumers have gone `records` further than `before`, in whatever log. */
export function untilConsumed(sql: Sql, before: number, records: number): Promise<void> {
  return until(sql, async () => (await consumedRecords(sql)) - before >= records);
}

/** Records that the consumers have taken so far. */
export async function consumedRecords(sql: Sql): Promise<number> {
  const [row] = await sql<{ sum: number }[]>`
    select coalesce(sum(next_offset), 0)::float8 as sum from consumer_offset`;
  return row?.sum ?? 0;
}

async function until(sql: Sql, isConsumed: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + LONGEST_MS;
  while (performance.now() < endMs) {
    const [left] = await sql<{ queued: boolean }[]>`
      select exists (
        select from event_outbox where published_at is null and status in ('pending', 'publishing')
      ) as queued`;
    if (left?.queued === false && (await isConsumed())) return;
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`events were still under way after ${LONGEST_MS} ms`);
}
