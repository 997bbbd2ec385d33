/** Reads how much waits in the outbox, cheaply enough to be asked once a second. */

import type { Deadline } from "../../core/deadline.ts";
import type { OutboxSnapshot } from "../../events/ports.ts";
import type { Pool } from "./pool-types.ts";

/** Relays whose heartbeat is older hold nothing in flight any more. */
const LIVE_WITHIN_SEC = 60;

/**
 * Pending and dead rows are counted from their partial indexes, published ones from their counters.
 * A row in flight counts as publishing and not as pending.
 */
export function readOutboxSnapshot(pool: Pool, deadline: Deadline): Promise<OutboxSnapshot> {
  return pool.use("read", deadline, async (sql) => {
    const [row] = await sql<
      { pending: number; inFlight: number; published: number; dead: number; lagMs: number }[]
    >`
      select
        (select count(*)::float8 from event_outbox where published_at is null and status = 'pending') as pending,
        (select coalesce(sum(in_flight), 0)::float8 from outbox_relay_member
          where heartbeat_at > clock_timestamp() - make_interval(secs => ${LIVE_WITHIN_SEC})) as "inFlight",
        (select coalesce(sum(published), 0)::float8 from outbox_counter) as published,
        (select count(*)::float8 from event_outbox where status = 'dead') as dead,
        coalesce((select extract(epoch from clock_timestamp() - created_at) * 1000 from event_outbox
          where published_at is null and status = 'pending' order by id limit 1), 0)::float8 as "lagMs"`;
    const { pending = 0, inFlight = 0, published = 0, dead = 0, lagMs = 0 } = row ?? {};
    const publishing = Math.min(inFlight, pending);
    return { pending: pending - publishing, publishing, published, dead, oldestLagMs: Math.max(0, lagMs) };
  });
}
