/** Reads what follows an item: sequential rules and transitions, joined into one row an item. */

import type { Neighbours } from "../../recommend/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection } from "./pool-types.ts";

interface NeighbourRow {
  readonly item_id: string;
  readonly total: number;
  readonly items: readonly [itemId: string, weight: number, count: number][] | null;
}

export async function neighbours(sql: Connection, itemIds: readonly string[], limit: number) {
  const rows = await sql<NeighbourRow[]>`
    select asked.item_id, around.total, around.items
    from unnest(${textArray([...new Set(itemIds)])}::text[]) as asked(item_id)
    cross join lateral (
      with rules as materialized (
        select next_item_id, w from seq_rule where prev_item_id = asked.item_id
      ),
      heaviest as (
        select next_item_id from rules order by w desc, next_item_id collate "C" limit ${limit}::int
      ),
      most_frequent as (
        select next_item_id from co_visitation
        where prev_item_id = asked.item_id and cnt > 0
        order by cnt desc, next_item_id collate "C" limit ${limit}::int
      ),
      chosen as (select next_item_id from heaviest union select next_item_id from most_frequent)
      select coalesce((select sum(w) from rules), 0)::float8 as total,
        (
          select json_agg(json_build_array(next_item_id, w, cnt) order by w desc, cnt desc, next_item_id collate "C")
          from (
            select chosen.next_item_id, coalesce(rules.w, 0) as w, coalesce(c.cnt, 0) as cnt
            from chosen
            left join rules using (next_item_id)
            left join co_visitation c on c.prev_item_id = asked.item_id and c.next_item_id = chosen.next_item_id
          ) as pairs
        ) as items
    ) as around`;
  return new Map(
    rows.map(({ item_id, total, items }): [string, Neighbours] => [
      item_id,
      {
        totalWeight: total,
        items: (items ?? []).map(([itemId, weight, count]) => ({ itemId, weight, count })),
      },
    ]),
  );
}
