/** The rows of `events` as the fold needs them: users locked, neighbours found, new rows stored. */

import { RULE_STEPS, type StoredEvent } from "../../events/fold-rules.ts";
import type { Interaction } from "../../events/model.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { isDirect } from "./event-origin.ts";
import type { Transaction } from "./pool-types.ts";

/** First key of the advisory locks of users; the second is a 32-bit hash of the user id. */
const USER_LOCK = 0x7573_6572;

/** Columns, since a row each costs the reader more than its search costs the store; null when nothing is stored. */
interface StoredColumns {
  /** 1-based places of the interactions. */
  readonly ords: readonly number[] | null;
  readonly ids: readonly number[] | null;
  readonly item_ids: readonly string[] | null;
  readonly ts_us: readonly number[] | null;
}

const NOTHING_STORED: StoredColumns = { ords: null, ids: null, item_ids: null, ts_us: null };

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
  const [stored] = await tx<StoredColumns[]>`
    select to_json(array_agg(c.ord::int)) as ords, to_json(array_agg(e.id)) as ids,
      to_json(array_agg(e.item_id)) as item_ids,
      to_json(array_agg((date_part('epoch', e.ts) * 1000000)::bigint)) as ts_us
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
  const { ords, ids, item_ids: itemIds, ts_us: times } = stored ?? NOTHING_STORED;
  for (const [index, ord] of (ords ?? []).entries()) {
    const id = ids?.[index] ?? 0;
    around[ord - 1]?.push({ id, itemId: itemIds?.[index] ?? "", tsMs: (times?.[index] ?? 0) / 1000 });
  }
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
  const distinct = new Set(interactions.map(({ eventId }) => eventId));
  // Almost always all are new, which one row says in short: null.
  const [inserted] = await tx<{ ids: readonly string[] | null }[]>`
    with inserted as (
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
      returning event_id
    )
    select case when count(*) < ${distinct.size}::int then coalesce(json_agg(event_id), '[]') end as ids from inserted`;
  if (!inserted?.ids) return distinct;
  return new Set(inserted.ids.map((eventId) => eventId.slice(idPrefix.length)));
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
