/** Reads what users did: the kept history, and the newest rows of `events`. */

import { SIGNAL_WEIGHT, type Signal } from "../../events/model.ts";
import type { HistoryEntry, UserEvents } from "../../recommend/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection } from "./pool-types.ts";

/** One user's newest rows, oldest first, as aligned lists; null where there are none. */
interface UserRow {
  readonly user_id: string;
  readonly item_ids: string[] | null;
  readonly ts_ms: number[] | null;
}

interface EventsRow extends UserRow {
  readonly signals: Signal[] | null;
}

const NOTHING: UserEvents = { itemIds: [], tsMs: [], weights: [] };

export async function histories(sql: Connection, userIds: readonly string[], limit: number) {
  const read = new Map<string, HistoryEntry[]>(userIds.map((userId) => [userId, []]));
  const rows = await sql<UserRow[]>`
    select asked.user_id, newest.item_ids, newest.ts_ms
    from unnest(${textArray([...read.keys()])}::text[]) as asked(user_id)
    cross join lateral (
      select json_agg(item_id order by ts, pos) as item_ids,
        json_agg((date_part('epoch', ts) * 1000)::bigint order by ts, pos) as ts_ms
      from (
        select item_id, ts, pos from user_history h
        where h.user_id = asked.user_id
        order by ts desc, pos desc limit ${limit}::int
      ) as h
    ) as newest`;
  for (const { user_id, item_ids, ts_ms } of rows) {
    const entries = (item_ids ?? []).map((itemId, index) => ({ itemId, tsMs: ts_ms?.[index] as number }));
    read.set(user_id, entries);
  }
  return read;
}

/**
 * One walk of `idx_events_user_ts` a user: a limit that the planner does not know keeps it from sorting all events of
 * the user, which costs most where users have many.
 */
export async function recentEvents(sql: Connection, userIds: readonly string[], limit: number) {
  const read = new Map<string, UserEvents>(userIds.map((userId) => [userId, NOTHING]));
  const rows = await sql<EventsRow[]>`
    select asked.user_id, newest.item_ids, newest.ts_ms, newest.signals
    from unnest(${textArray([...read.keys()])}::text[]) as asked(user_id)
    cross join lateral (
      select json_agg(item_id order by ts, id) as item_ids,
        json_agg((date_part('epoch', ts) * 1000)::bigint order by ts, id) as ts_ms,
        json_agg(event_type order by ts, id) as signals
      from (
        select item_id, ts, id, event_type from events e
        where e.user_id = asked.user_id
        order by ts desc, id desc limit (select ${limit}::int)
      ) as e
    ) as newest`;
  for (const { user_id, item_ids, ts_ms, signals } of rows) {
    if (!item_ids || !ts_ms || !signals) continue;
    const weights = signals.map((signal) => SIGNAL_WEIGHT[signal]);
    read.set(user_id, { itemIds: item_ids, tsMs: ts_ms, weights });
  }
  return read;
}
