/** Reads decayed popularity. */

import type { DecayedItem } from "../../recommend/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection } from "./pool-types.ts";

interface DecayRow {
  readonly item_id: string;
  readonly score: number;
  readonly category: string | null;
}

const decayed = ({ item_id, score, category }: DecayRow): DecayedItem => ({
  itemId: item_id,
  score,
  category,
});

export async function topDecayed(sql: Connection, limit: number) {
  const rows = await sql<DecayRow[]>`
    select top.item_id, top.score, items.category
    from (
      select item_id, score from item_decay order by score desc, item_id collate "C" limit ${limit}::int
    ) as top
    left join items using (item_id)
    order by top.score desc, top.item_id collate "C"`;
  return rows.map(decayed);
}

export async function decayedOf(sql: Connection, itemIds: readonly string[]) {
  const rows = await sql<DecayRow[]>`
    select d.item_id, d.score, items.category
    from item_decay d left join items using (item_id)
    where d.item_id = any (${textArray(itemIds)}::text[])
    order by d.score desc, d.item_id collate "C"`;
  return rows.map(decayed);
}
