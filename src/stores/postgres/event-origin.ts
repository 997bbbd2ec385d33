/** Tells whether a row of `events` came from `/event` or from the stream. */

import type { Connection, Transaction } from "./pool-types.ts";

/** What a stream row's id starts with when a direct event already holds its `watch-…` id. */
export const STREAM_COLLISION_PREFIX = "stream:";

/**
 * Boolean SQL over a row `e` of `events`. Stream rows are stored as `watch-<id>`, or behind `stream:` when
 * a client had chosen that id for `/event`; every other id is direct. An id of that shape is direct exactly when the
 * ledger holds it with type `direct`: /event and import write both in one transaction, and a direct event that finds
 * the id taken by a stream row leaves no ledger row. The ledger outlives the time in which events are accepted; a
 * direct event that chose such an id counts as a stream event only after that, and only for repeats of its own item.
 */
export function isDirect(sql: Connection | Transaction) {
  return sql`(
    e.event_id !~ '^(stream:)*watch-'
    or exists (
      select from ingested_event l where l.event_id = e.event_id and l.event_type = 'direct'
    )
  )`;
}
