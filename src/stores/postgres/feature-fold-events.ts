/** The rows of `events` as the fold needs them: users locked, neighbours found, new rows stored. */

import { RULE_STEPS, type StoredEvent } from "../../events/fold-rules.ts";
import type { LaterNeighbour, Neighbour } from "../../events/fold-transitions.ts";
import type { Interaction } from "../../events/model.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { isDirect } from "./event-origin.ts";
import type { Transaction } from "./pool-types.ts";

/** First key of the advisory locks of users; the second is a 32-bit hash of the user id. */
const USER_LOCK = 0x7573_6572;

/** The stored events around a new one. */
export interface Surroundings {
  readonly previous: Neighbour | null;
  readonly next: LaterNeighbour | null;
  readonly around: readonly StoredEvent[];
}

type EventTuple = [id: number, itemId: string, tsMs: number];

/** Nearest first. */
interface SurroundingsRow {
  readonly before: EventTuple[] | null;
  readonly after: EventTuple[] | null;
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
 * The stored events around each interaction, aligned with them; to be read before the interactions are stored.
 * Two walks of `idx_events_user_ts` each. The later neighbour's origin is looked up only where a pair of equal
 * items makes it matter.
 */
export async function surroundingsOf(
  tx: Transaction,
  interactions: readonly Interaction[],
): Promise<readonly Surroundings[]> {
  const rows = await tx<SurroundingsRow[]>`
    select b.events as before, n.events as after,
      case when n.item_id in (c.item_id, b.item_id) then ${isDirect(tx, "n.event_id")} else true end as next_is_direct
    from unnest(
      ${textArray(interactions.map(({ userId }) => userId))}::text[],
      ${textArray(interactions.map(({ itemId }) => itemId))}::text[],
      ${numberArray(interactions.map(({ tsMs }) => tsMs))}::bigint[]
    ) with ordinality as c(user_id, item_id, ts_ms, ord)
    cross join lateral (
      select json_agg(json_build_array(id, item_id, ts_ms)) as events, (array_agg(item_id))[1] as item_id
      from (
        select id, item_id, (extract(epoch from ts) * 1000)::float8 as ts_ms from events e
        where e.user_id = c.user_id and e.ts <= to_timestamp(c.ts_ms / 1000.0)
        order by e.ts desc, e.id desc limit ${RULE_STEPS}::int
      ) as e
    ) as b
    cross join lateral (
      select json_agg(json_build_array(id, item_id, ts_ms)) as events, (array_agg(item_id))[1] as item_id,
        (array_agg(event_id))[1] as event_id
      from (
        select id, item_id, event_id, (extract(epoch from ts) * 1000)::float8 as ts_ms from events e
        where e.user_id = c.user_id and e.ts > to_timestamp(c.ts_ms / 1000.0)
        order by e.ts, e.id limit ${RULE_STEPS}::int
      ) as e
    ) as n
    order by c.ord`;
  return rows.map(({ before, after, next_is_direct }) => {
    const earlier = (before ?? []).map(storedEvent);
    const later = (after ?? []).map(storedEvent);
    const next = later[0];
    return {
      previous: earlier[0] ?? null,
      next: next ? { ...next, origin: next_is_direct ? "direct" : "stream" } : null,
      around: [...earlier, ...later],
    };
  });
}

const storedEvent = ([id, itemId, tsMs]: EventTuple): StoredEvent => ({ id, itemId, tsMs });

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
