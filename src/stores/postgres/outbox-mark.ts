/** Writes the outcome of a round in one statement that changes nothing for partitions whose fence moved. */

import type { Deadline } from "../../core/deadline.ts";
import type { OutboxMark } from "../../events/ports.ts";
import { numberArray, textArray } from "./array-literal.ts";
import type { Pool } from "./pool-types.ts";

/** Answers the ids it changed. */
export function markRows(
  pool: Pool,
  marks: readonly OutboxMark[],
  deadline: Deadline,
): Promise<ReadonlySet<bigint>> {
  if (marks.length === 0) return Promise.resolve(new Set());
  const failedDelays = new Map(
    marks.flatMap((mark) => (mark.kind === "failed" ? [[mark.row.id, mark.delaySec] as const] : [])),
  );
  return pool.use("write", deadline, async (sql) => {
    // The fence is read and locked with the epochs as they are now: a relay that lost a partition waits for its
    // successor's take and then finds another epoch. A held-back row becomes due at the same instant as its failed row.
    const changed = await sql<{ id: bigint }[]>`
      with mark as (
        select * from unnest(
          ${numberArray(marks.map(({ row }) => row.id))}::bigint[],
          ${numberArray(marks.map(({ row }) => row.partition))}::smallint[],
          ${numberArray(marks.map(({ epoch }) => epoch))}::bigint[],
          ${textArray(marks.map(wordOf))}::text[],
          ${textArray(marks.map((mark) => (mark.kind === "failed" ? mark.error : null)))}::text[],
          ${numberArray(marks.map((mark) => delayOf(mark, failedDelays)))}::float8[],
          ${numberArray(marks.map((mark) => (mark.kind === "held_back" ? mark.behind : null)))}::bigint[]
        ) as m (id, partition, epoch, word, error, delay_sec, behind)
      ),
      fence as (
        select partition, epoch from outbox_partition
        where partition = any(${numberArray([...new Set(marks.map(({ row }) => row.partition))])}::smallint[])
        order by partition for share
      ),
      changed as (
        update event_outbox o set
          status = case m.word when 'published' then 'published' when 'dead' then 'dead' else 'pending' end,
          published_at = case m.word when 'published' then now() end,
          publish_epoch = case m.word when 'published' then m.epoch else o.publish_epoch end,
          attempt_count = o.attempt_count + case m.word when 'held_back' then 0 else 1 end,
          last_error = case m.word when 'published' then null when 'held_back' then o.last_error else m.error end,
          next_attempt_at = case
            when m.word = 'published' then o.next_attempt_at
            when m.delay_sec is not null then now() + make_interval(secs => m.delay_sec)
            else coalesce((select b.next_attempt_at from event_outbox b where b.id = m.behind), now())
          end,
          lease_expires_at = null,
          updated_at = now()
        from mark m join fence f on f.partition = m.partition and f.epoch = m.epoch
        where o.id = m.id and o.published_at is null
        returning o.id, o.partition, m.word
      ),
      counted as (
        insert into outbox_counter as c (partition, published)
        select partition, count(*) from changed where word = 'published' group by partition order by partition
        on conflict (partition) do update set published = c.published + excluded.published
      )
      select id from changed`;
    return new Set(changed.map(({ id }) => id));
  });
}

const wordOf = (mark: OutboxMark) => (mark.kind === "failed" && mark.dead ? "dead" : mark.kind);

function delayOf(mark: OutboxMark, failedDelays: ReadonlyMap<bigint, number>): number | null {
  if (mark.kind === "failed") return mark.delaySec;
  if (mark.kind === "held_back") return failedDelays.get(mark.behind) ?? null;
  return null;
}
