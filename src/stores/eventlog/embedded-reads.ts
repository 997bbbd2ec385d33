/** The statements by which a group member reads records, ends and bounds, and commits its position. */

import type { Deadline } from "../../core/deadline.ts";
import type { Assignment, LogRecord } from "../../events/ports.ts";
import { numberArray, textArray } from "../postgres/array-literal.ts";
import type { Pool } from "../postgres/pool-types.ts";

/** Bytes of values in one answer; the first record comes whatever its size. */
const MAX_POLL_BYTES = 8 * 1024 * 1024;

export interface Place {
  readonly assignment: Assignment;
  readonly position: bigint;
}

/** Records from these places, place by place and in offset order, at most `maxRecords` in all. */
export function readRecords(
  pool: Pool,
  places: readonly Place[],
  maxRecords: number,
  deadline: Deadline,
): Promise<LogRecord[]> {
  return pool.use("write", deadline, async (sql) => {
    const rows = await sql<
      {
        place: number;
        offset: bigint;
        key: Uint8Array | null;
        value: Uint8Array | null;
        headers: Record<string, string> | null;
        ts: Date;
      }[]
    >`
      with wanted as (
        select w.*, p.next_offset - w.position as waiting
        from unnest(
          ${textArray(places.map(({ assignment }) => assignment.topic))}::text[],
          ${numberArray(places.map(({ assignment }) => assignment.partition))}::int[],
          ${numberArray(places.map(({ position }) => position))}::bigint[]
        ) with ordinality as w (topic, partition, position, place)
        join event_log_partition p on p.topic = w.topic and p.partition = w.partition
        where p.next_offset > w.position
      ),
      quota as (
        select *, ${maxRecords} - (sum(waiting) over (order by place) - waiting) as records from wanted
      ),
      found as (
        select q.place, l."offset", l.key, l.value, l.headers, l.ts
        from quota q
        cross join lateral (
          select * from event_log l
          where l.topic = q.topic and l.partition = q.partition and l."offset" >= q.position
          order by l."offset" limit q.records
        ) l
        where q.records > 0
      ),
      sized as (
        select f.*, sum(octet_length(value)) over upto as bytes, row_number() over upto as nth
        from found f window upto as (order by place, "offset" rows unbounded preceding)
      )
      select place::int, "offset", key, value, headers, ts from sized
      where coalesce(bytes, 0) <= ${MAX_POLL_BYTES} or nth = 1
      order by place, "offset"`;
    return rows.flatMap(({ place, offset, key, value, headers, ts }): LogRecord[] => {
      const assignment = places[place - 1]?.assignment;
      if (!assignment) return [];
      const { topic, topicId, partition } = assignment;
      return [
        { topic, topicId, partition, offset, key, value, headers: headers ?? {}, timestampMs: ts.getTime() },
      ];
    });
  });
}

/** The next offset to be written, for each assignment in order. */
export function readEnds(
  pool: Pool,
  assignments: readonly Assignment[],
  deadline: Deadline,
): Promise<bigint[]> {
  if (assignments.length === 0) return Promise.resolve([]);
  return pool.use("write", deadline, async (sql) => {
    const rows = await sql<{ end: bigint | null }[]>`
      select p.next_offset as "end"
      from unnest(
        ${textArray(assignments.map(({ topic }) => topic))}::text[],
        ${numberArray(assignments.map(({ partition }) => partition))}::int[]
      ) with ordinality as w (topic, partition, place)
      left join event_log_partition p on p.topic = w.topic and p.partition = w.partition
      order by w.place`;
    return rows.map(({ end }) => end ?? 0n);
  });
}

export function readBounds(
  pool: Pool,
  { topic, partition }: Assignment,
  deadline: Deadline,
): Promise<{ start: bigint; end: bigint }> {
  return pool.use("write", deadline, async (sql) => {
    const [row] = await sql<{ start: bigint | null; end: bigint }[]>`
      select p.next_offset as "end",
        (select min(l."offset") from event_log l where l.topic = p.topic and l.partition = p.partition) as start
      from event_log_partition p where p.topic = ${topic} and p.partition = ${partition}`;
    const end = row?.end ?? 0n;
    return { start: row?.start ?? end, end };
  });
}

/** False when the partition has another owner or generation by now; nothing is written then. */
export function commitPosition(
  pool: Pool,
  member: { group: string; memberId: string },
  { topic, partition, generation }: Assignment,
  nextOffset: bigint,
  deadline: Deadline,
): Promise<boolean> {
  return pool.use("write", deadline, async (sql) => {
    const changed = await sql`
      update event_log_offset set next_offset = ${nextOffset}
      where "group" = ${member.group} and topic = ${topic} and partition = ${partition}
        and owner = ${member.memberId} and generation = ${generation}`;
    return changed.count === 1;
  });
}
