/** The rows of `events` as the fold needs them: users locked, neighbours found, new rows stored. */

import type { LaterNeighbour, Neighbour } from "../../events/fold.ts";
import type { Interaction } from "../../events/model.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { isDirect } from "./event-origin.ts";
import type { Transaction } from "./pool-types.ts";

/** First key of the advisory locks of users; the second is a 32-bit hash of the user id. */
const USER_LOCK = 0x7573_6572;

/** The stored events around the time of a new one. */
export interface Gap {
  readonly previous: Neighbour | null;
  readonly next: LaterNeighbour | null;
}

interface GapRow {
  readonly previous_id: string | null;
  readonly previous_item_id: string;
  readonly next_id: string | null;
  readonly next_item_id: string;
  readonly next_is_direct: boolean;
}

/** Takes the users' locks until the transaction ends, in the order of their hashes, so that writers never deadlock. */
export async function lockUsers(tx: Transaction, userIds: Iterable<string>): Promise<void> {
  await tx`
    select pg_advisory_xact_lock(${USER_LOCK}::int, hash)
    from (
      select distinct hashtext(user_id) as hash from unnest(${textArray([...new Set(userIds)])}::text[]) as user_id
      order by hash
    ) as locks`;
}

/**
 * The stored neighbours of each interaction, aligned with them; to be read before the interactions are stored.
 * Two probes of `idx_events_user_ts` each. The later neighbour's origin is looked up only where a pair of equal
 * items makes it matter.
 */
export async function gapsOf(tx: Transaction, interactions: readonly Interaction[]): Promise<readonly Gap[]> {
  const rows = await tx<GapRow[]>`
    select p.id::text as previous_id, p.item_id as previous_item_id, n.id::text as next_id, n.item_id as next_item_id,
      case when n.item_id in (c.item_id, p.item_id) then ${isDirect(tx, "n.event_id")} else true end as next_is_direct
    from unnest(
      ${textArray(interactions.map(({ userId }) => userId))}::text[],
      ${textArray(interactions.map(({ itemId }) => itemId))}::text[],
      ${numberArray(interactions.map(({ tsMs }) => tsMs))}::bigint[]
    ) with ordinality as c(user_id, item_id, ts_ms, ord)
    left join lateral (
      select id, item_id from events e
      where e.user_id = c.user_id and e.ts <= to_timestamp(c.ts_ms / 1000.0)
      order by e.ts desc, e.id desc limit 1
    ) as p on true
    left join lateral (
      select id, item_id, event_id from events e
      where e.user_id = c.user_id and e.ts > to_timestamp(c.ts_ms / 1000.0)
      order by e.ts, e.id limit 1
    ) as n on true
    order by c.ord`;
  return rows.map((row) => ({
    previous: row.previous_id === null ? null : { key: row.previous_id, itemId: row.previous_item_id },
    next:
      row.next_id === null
        ? null
        : { key: row.next_id, itemId: row.next_item_id, origin: row.next_is_direct ? "direct" : "stream" },
  }));
}

/** Stores the interactions, ids ascending in their order, and answers the event ids that were new. */
export async function insertEvents(
  tx: Transaction,
  interactions: readonly Interaction[],
  idPrefix: string,
): Promise<ReadonlySet<string>> {
  const rows = await tx<{ event_id: string }[]>`
    insert into events (event_id, user_id, item_id, event_type, ts)
    select ${idPrefix} || event_id, user_id, item_id, event_type, to_timestamp(ts_ms / 1000.0)
    from unnest(
      ${textArray(interactions.map(({ eventId }) => eventId))}::text[],
      ${textArray(interactions.map(({ userId }) => userId))}::text[],
      ${textArray(interactions.map(({ itemId }) => itemId))}::text[],
      ${textArray(interactions.map(({ signal }) => signal))}::text[],
      ${numberArray(interactions.map(({ tsMs }) => tsMs))}::bigint[]
    ) with ordinality as e(event_id, user_id, item_id, event_type, ts_ms, ord)
    order by ord
    on conflict (event_id) do nothing
    returning event_id`;
  return new Set(rows.map(({ event_id }) => event_id.slice(idPrefix.length)));
}

/** Those of `eventIds` that a row from `/event` holds. */
export async function heldByDirect(
  tx: Transaction,
  eventIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx<{ event_id: string }[]>`
    select e.event_id from events e
    where e.event_id = any (${textArray(eventIds)}::text[]) and ${isDirect(tx, "e.event_id")}`;
  return new Set(rows.map(({ event_id }) => event_id));
}
