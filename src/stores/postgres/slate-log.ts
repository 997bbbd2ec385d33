/** Reads served slates with what came of them, for off-policy evaluation: a cursor over one range, in one transaction. */

import type { SlateLog, WatchOfSlate } from "../../evaluation/ope/ports.ts";
import type { Pool } from "./pool-types.ts";
import { type SlateRow, slateColumns, storedSlate } from "./slate-store.ts";

const PAGE = 200;
/** Of a watch to its slate. */
const OUTCOME_SEC = 86_400;

type OutcomeRow = SlateRow & { readonly watches: readonly WatchOfSlate[] };

export function createSlateLog(pool: Pool): SlateLog {
  return {
    read({ fromMs, toMs }, take, deadline) {
      return pool.transaction("read", deadline, async (tx) => {
        await tx`set transaction read only`;
        const pages = tx<OutcomeRow[]>`
          select ${slateColumns(tx)}, coalesce(o.watches, '[]') as watches
          from served_slates s
          left join lateral (
            select features_id, features from slate_features
            where features_id = s.features_id and served_at > s.served_at - interval '1 day'
            order by served_at
            limit 1
          ) f on true
          left join lateral (
            select jsonb_agg(jsonb_build_object('itemId', item_id, 'watchTimeSec', watch_time_sec,
              'percentWatched', percent_watched)) as watches
            from watches w
            where w.request_id = s.request_id
              and abs(w.ts_ms / 1000.0 - extract(epoch from s.served_at)) < ${OUTCOME_SEC}::int
          ) o on true
          where s.served_at >= to_timestamp(${fromMs}::float8 / 1000) and s.served_at < to_timestamp(${toMs}::float8 / 1000)
        `.cursor(PAGE);
        for await (const rows of pages) {
          if (!take(rows.map(({ watches, ...row }) => ({ ...storedSlate(row), watches })))) break;
        }
      });
    },
  };
}
