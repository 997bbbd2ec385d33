/** Reads what follows an item: sequential rules and transitions, joined into one row an item. */

import type { Neighbours } from "../../recommend/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection } from "./pool-types.ts";

/** The lists are aligned; null where an item has no neighbours. */
interface NeighbourRow {
  readonly item_id: string;
  readonly total: number;
  readonly ids: string[] | null;
  readonly weights: number[] | null;
  readonly counts: number[] | null;
}

/** Reads all pairs of each item once: the total needs the rules that are cut off, too. */
export async function neighbours(sql: Connection, itemIds: readonly string[], limit: number) {
  const rows = await sql<NeighbourRow[]>`
    select asked.item_id, around.*
    from unnest(${textArray([...new Set(itemIds)])}::text[]) as asked(item_id)
    cross join lateral (
      select coalesce(sum(w), 0)::float8 as total,
        json_agg(item_id order by by_weight) filter (where chosen) as ids,
        json_agg(w order by by_weight) filter (where chosen) as weights,
        json_agg(cnt order by by_weight) filter (where chosen) as counts
      from (
        select item_id, w, cnt, by_weight,
          w > 0 and by_weight <= ${limit}::int or cnt > 0 and by_count <= ${limit}::int as chosen
        from (
          select item_id, w, cnt,
            row_number() over (order by w desc, cnt desc, item_id collate "C") as by_weight,
            row_number() over (order by cnt desc, item_id collate "C") as by_count
          from (
            select coalesce(r.next_item_id, c.next_item_id) as item_id, coalesce(w, 0) as w, coalesce(cnt, 0) as cnt
            from (select next_item_id, w from seq_rule where prev_item_id = asked.item_id) as r
            full join (select next_item_id, cnt from co_visitation where prev_item_id = asked.item_id) as c
              on c.next_item_id = r.next_item_id
          ) as pairs
        ) as ranked
      ) as cut
    ) as around`;
  return new Map(
    rows.map(({ item_id, total, ids, weights, counts }): [string, Neighbours] => [
      item_id,
      {
        totalWeight: total,
        items: (ids ?? []).map((itemId, place) => ({
          itemId,
          weight: weights?.[place] as number,
          count: counts?.[place] as number,
        })),
      },
    ]),
  );
}
