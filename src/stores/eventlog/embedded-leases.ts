/** The statements by which members of a group share the partitions of their topics. */

import type { Deadline } from "../../core/deadline.ts";
import type { Assignment } from "../../events/ports.ts";
import type { Pool, Transaction } from "../postgres/pool-types.ts";

export interface Owned {
  readonly assignment: Assignment;
  /** Committed position at the time of the assignment. */
  readonly committed: bigint;
}

export interface Member {
  readonly group: string;
  readonly memberId: string;
  /** Array literal of names. */
  readonly topics: string;
  readonly leaseMs: number;
}

/** Members that were silent for this many leases are forgotten. */
const FORGET_AFTER_LEASES = 10;

/** Heartbeat, renewal, release of the surplus, taking of what is free; answers what this member owns then. */
export function rebalance(pool: Pool, member: Member, deadline: Deadline): Promise<Owned[]> {
  return pool.transaction("write", deadline, async (tx) => {
    // One step at a time in a group, so that two members never judge the same shares.
    await tx`select pg_advisory_xact_lock(hashtextextended('reco.event_log_group:' || ${member.group}, 0))`;
    const share = await fairShare(tx, member);
    const kept = await renew(tx, member);
    await release(tx, member, kept - share);
    if (kept < share) await take(tx, member, share - kept);
    return readOwned(tx, member);
  });
}

/** Adds this member and the partitions of its topics; answers how many partitions each live member may own. */
async function fairShare(tx: Transaction, { group, memberId, topics, leaseMs }: Member): Promise<number> {
  await tx`
    insert into event_log_member ("group", member, heartbeat_at) values (${group}, ${memberId}, clock_timestamp())
    on conflict ("group", member) do update set heartbeat_at = excluded.heartbeat_at`;
  await tx`
    delete from event_log_member where "group" = ${group}
      and heartbeat_at < clock_timestamp() - make_interval(secs => ${(leaseMs * FORGET_AFTER_LEASES) / 1000})`;
  await tx`
    insert into event_log_offset ("group", topic, partition)
    select ${group}, topic, partition from event_log_partition where topic = any(${topics}::text[])
    on conflict do nothing`;
  const [row] = await tx<{ share: number }[]>`
    select ceil(
      (select count(*) from event_log_partition where topic = any(${topics}::text[]))::numeric
      / greatest(1, (select count(*) from event_log_member where "group" = ${group}
          and heartbeat_at > clock_timestamp() - make_interval(secs => ${leaseMs / 1000})))
    )::int as share`;
  return row?.share ?? 0;
}

/** A lease that ran out and that nobody took is still this member's: its generation did not change. */
async function renew(tx: Transaction, { group, memberId, topics, leaseMs }: Member): Promise<number> {
  const kept = await tx`
    update event_log_offset set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
    where "group" = ${group} and owner = ${memberId} and topic = any(${topics}::text[])
    returning 1`;
  return kept.count;
}

async function release(tx: Transaction, { group, memberId }: Member, surplus: number): Promise<void> {
  if (surplus <= 0) return;
  await tx`
    update event_log_offset o set owner = null, lease_until = clock_timestamp()
    from (
      select topic, partition from event_log_offset where "group" = ${group} and owner = ${memberId}
      order by partition desc, topic limit ${surplus}
    ) s
    where o."group" = ${group} and o.topic = s.topic and o.partition = s.partition`;
}

async function take(
  tx: Transaction,
  { group, memberId, topics, leaseMs }: Member,
  missing: number,
): Promise<void> {
  await tx`
    update event_log_offset o
    set owner = ${memberId}, generation = o.generation + 1,
      lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
    from (
      select topic, partition from event_log_offset
      where "group" = ${group} and topic = any(${topics}::text[]) and lease_until < clock_timestamp()
        and owner is distinct from ${memberId}
      order by partition, topic limit ${missing}
    ) f
    where o."group" = ${group} and o.topic = f.topic and o.partition = f.partition`;
}

async function readOwned(tx: Transaction, { group, memberId, topics }: Member): Promise<Owned[]> {
  const rows = await tx<
    { topic: string; topicId: string; partition: number; generation: bigint; committed: bigint }[]
  >`
    select o.topic, t.topic_id as "topicId", o.partition, o.generation, o.next_offset as committed
    from event_log_offset o
    join event_log_topic t on t.topic = o.topic
    where o."group" = ${group} and o.owner = ${memberId} and o.topic = any(${topics}::text[])
    order by o.topic, o.partition`;
  return rows.map(({ topic, topicId, partition, generation, committed }) => ({
    assignment: { topic, topicId, partition, generation: Number(generation) },
    committed,
  }));
}

export function leaveGroup(pool: Pool, group: string, memberId: string, deadline: Deadline): Promise<void> {
  return pool.transaction("write", deadline, async (tx) => {
    await tx`
      update event_log_offset set owner = null, lease_until = clock_timestamp()
      where "group" = ${group} and owner = ${memberId}`;
    await tx`delete from event_log_member where "group" = ${group} and member = ${memberId}`;
  });
}
