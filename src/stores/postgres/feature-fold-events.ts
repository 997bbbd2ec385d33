/** The rows of `events` as the fold needs them: users locked, neighbours found, new rows stored. */

import { RULE_STEPS, type StoredEvent } from "../../events/fold-rules.ts";
import type { Interaction } from "../../events/model.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { isDirect } from "./event-origin.ts";
import type { Transaction } from "./pool-types.ts";

/** First key of the advisory locks of users; the second is a 32-bit hash of the user id. */
const USER_LOCK = 0x7573_6572;

interface StoredRow {
  /** 1-based place of the interaction. */
  readonly ord: number;
  readonly id: number;
  readonly item_id: string;
  readonly ts_us: number;
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
 * Two walks of `idx_events_user_ts` each: a limit that the planner does not know keeps it from sorting all events of
 * the user, which costs most where users have many.
 */
export async function surroundingsOf(
  tx: Transaction,
  interactions: readonly Interaction[],
): Promise<readonly (readonly StoredEvent[])[]> {
  const rows = await tx<StoredRow[]>`
    select c.ord::int, e.id::float8, e.item_id, (date_part('epoch', e.ts) * 1000000)::bigint::float8 as ts_us
    from unnest(
      ${textArray(interactions.map(({ userId }) => userId))}::text[],
      ${numberArray(interactions.map(({ tsMs }) => tsMs))}::bigint[]
    ) with ordinality as c(user_id, ts_ms, ord)
    cross join lateral (
      (
        select id, item_id, ts from events
        where user_id = c.user_id and ts <= to_timestamp(c.ts_ms / 1000.0)
        order by events.ts desc, id desc limit (select ${RULE_STEPS}::int)
      )
      union all
      (
        select id, item_id, ts from events
        where user_id = c.user_id and ts > to_timestamp(c.ts_ms / 1000.0)
        order by events.ts, id limit (select ${RULE_STEPS}::int)
      )
    ) as e`;
  const around = interactions.map((): StoredEvent[] => []);
  for (const { ord, id, item_id, ts_us } of rows)
    around[ord - 1]?.push({ id, itemId: item_id, tsMs: ts_us / 1000 });
  return around;
}

/** Those of these rows that came from `/event`. */
export async function directRows(tx: Transaction, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await tx<{ id: number }[]>`
    select e.id::float8 from events e where e.id = any (${numberArray(ids)}::bigint[]) and ${isDirect(tx)}`;
  return new Set(rows.map(({ id }) => id));
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
    where e.event_id = any (${textArray(eventIds)}::text[]) and ${isDirect(tx)}`;
  return new Set(rows.map(({ event_id }) => event_id));
}
