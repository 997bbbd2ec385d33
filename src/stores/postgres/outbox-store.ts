/** The relay's side of the outbox: leases on partitions, a claim that only reads, and a fenced mark. */

import type { Deadline } from "../../core/deadline.ts";
import type { BlockedKey, OutboxRow, OutboxStore, PartitionLease } from "../../events/ports.ts";
import { numberArray } from "./array-literal.ts";
import { markRows } from "./outbox-mark.ts";
import type { Pool } from "./pool-types.ts";

/** Members that were silent for this many leases are forgotten. */
const FORGET_AFTER_LEASES = 10;
/** Stored (compressed) bytes of payloads in one claim; the first row comes whatever its size. */
const MAX_CLAIM_BYTES = 4 * 1024 * 1024;

export function createOutboxStore(pool: Pool): OutboxStore {
  return {
    heartbeat: (relayId, inFlight, leaseSec, deadline) =>
      heartbeat(pool, relayId, inFlight, leaseSec, deadline),
    take: (relayId, limit, leaseSec, deadline) => take(pool, relayId, limit, leaseSec, deadline),
    renew: (relayId, held, leaseSec, deadline) => renew(pool, relayId, held, leaseSec, deadline),
    resign: (relayId, held, deadline) => resign(pool, relayId, held, deadline),
    claim: (partitions, limit, deadline) => claim(pool, partitions, limit, deadline),
    blockedKeys: (partitions, limit, deadline) => blockedKeys(pool, partitions, limit, deadline),
    mark: (marks, deadline) => markRows(pool, marks, deadline),
    deregister: (relayId, deadline) => deregister(pool, relayId, deadline),
  };
}

function heartbeat(pool: Pool, relayId: string, inFlight: number, leaseSec: number, deadline: Deadline) {
  return pool.use("write", deadline, async (sql) => {
    await sql`
      insert into outbox_relay_member (relay_id, in_flight, heartbeat_at)
      values (${relayId}, ${inFlight}, clock_timestamp())
      on conflict (relay_id) do update set in_flight = excluded.in_flight, heartbeat_at = excluded.heartbeat_at`;
    await sql`
      delete from outbox_relay_member
      where heartbeat_at < clock_timestamp() - make_interval(secs => ${leaseSec * FORGET_AFTER_LEASES})`;
    const [row] = await sql<{ live: number }[]>`
      select count(*)::int as live from outbox_relay_member
      where heartbeat_at > clock_timestamp() - make_interval(secs => ${leaseSec})`;
    return { liveRelays: Math.max(1, row?.live ?? 1) };
  });
}

/** The epoch grows with every change of holder: marks of the previous one change nothing from here on. */
function take(pool: Pool, relayId: string, limit: number, leaseSec: number, deadline: Deadline) {
  return pool.transaction("write", deadline, async (tx) => {
    const taken = await tx<PartitionLease[]>`
      with free as (
        select partition from outbox_partition where lease_until < clock_timestamp()
        order by lease_until, partition limit ${limit} for update skip locked
      )
      update outbox_partition p
      set owner = ${relayId}, epoch = p.epoch + 1, lease_until = clock_timestamp() + make_interval(secs => ${leaseSec})
      from free where p.partition = free.partition
      returning p.partition::int, p.epoch`;
    if (taken.length > 0) {
      await tx`
        update event_outbox set status = 'pending', lease_expires_at = null, updated_at = now()
        where partition = any(${partitionArray(taken)}::smallint[])
          and published_at is null and status = 'publishing' and lease_expires_at < clock_timestamp()`;
    }
    return taken.map(toLease);
  });
}

function renew(
  pool: Pool,
  relayId: string,
  held: readonly PartitionLease[],
  leaseSec: number,
  deadline: Deadline,
) {
  return pool.use("write", deadline, async (sql) => {
    // Rows are locked in one order everywhere, so that renewals, marks and other relays cannot deadlock.
    const kept = await sql<PartitionLease[]>`
      with mine as (
        select p.partition
        from unnest(${partitionArray(held)}::smallint[], ${epochArray(held)}::bigint[]) as h (partition, epoch)
        join outbox_partition p on p.partition = h.partition and p.epoch = h.epoch and p.owner = ${relayId}
        order by p.partition for update of p
      )
      update outbox_partition p set lease_until = clock_timestamp() + make_interval(secs => ${leaseSec})
      from mine where p.partition = mine.partition
      returning p.partition::int, p.epoch`;
    return kept.map(toLease);
  });
}

function resign(pool: Pool, relayId: string, held: readonly PartitionLease[], deadline: Deadline) {
  return pool.use("write", deadline, async (sql) => {
    await sql`
      with mine as (
        select p.partition
        from unnest(${partitionArray(held)}::smallint[], ${epochArray(held)}::bigint[]) as h (partition, epoch)
        join outbox_partition p on p.partition = h.partition and p.epoch = h.epoch and p.owner = ${relayId}
        order by p.partition for update of p
      )
      update outbox_partition p set owner = null, lease_until = clock_timestamp()
      from mine where p.partition = mine.partition`;
  });
}

/** Lowest ids first, along idx_event_outbox_dispatch, which holds unpublished pending rows only. */
function claim(pool: Pool, partitions: readonly number[], limit: number, deadline: Deadline) {
  return pool.use("write", deadline, async (sql) => {
    const rows = await sql<OutboxRow[]>`
      with due as (
        select * from event_outbox
        where partition = any(${numberArray(partitions)}::smallint[]) and published_at is null
          and status = 'pending' and next_attempt_at <= clock_timestamp()
        order by id limit ${limit}
      ),
      sized as (
        select *, row_number() over upto as nth, sum(pg_column_size(payload)) over upto as bytes
        from due window upto as (order by id rows unbounded preceding)
      )
      select id, partition::int, event_id as "eventId", event_type as "eventType", kafka_topic as topic,
        kafka_key as key, case when jsonb_typeof(payload) = 'object' then payload::text end as payload, headers,
        (extract(epoch from created_at) * 1000)::float8 as "createdAtMs",
        attempt_count as "attemptCount", max_attempts as "maxAttempts"
      from sized where bytes <= ${MAX_CLAIM_BYTES} or nth = 1
      order by id`;
    return rows.map((row): OutboxRow => ({ ...row }));
  });
}

function blockedKeys(pool: Pool, partitions: readonly number[], limit: number, deadline: Deadline) {
  return pool.use("write", deadline, async (sql) => {
    const rows = await sql<BlockedKey[]>`
      select distinct on (partition, kafka_topic, kafka_key) partition::int, kafka_topic as topic, kafka_key as key,
        id as "rowId", (extract(epoch from next_attempt_at - clock_timestamp()) * 1000)::float8 as "dueInMs"
      from event_outbox
      where partition = any(${numberArray(partitions)}::smallint[]) and published_at is null
        and status = 'pending' and next_attempt_at > clock_timestamp()
      order by partition, kafka_topic, kafka_key, id
      limit ${limit}`;
    return rows.map((row): BlockedKey => ({ ...row }));
  });
}

function deregister(pool: Pool, relayId: string, deadline: Deadline) {
  return pool.use("write", deadline, async (sql) => {
    await sql`delete from outbox_relay_member where relay_id = ${relayId}`;
  });
}

const toLease = ({ partition, epoch }: PartitionLease): PartitionLease => ({ partition, epoch });
const partitionArray = (held: readonly PartitionLease[]) => numberArray(held.map((lease) => lease.partition));
const epochArray = (held: readonly PartitionLease[]) => numberArray(held.map((lease) => lease.epoch));
