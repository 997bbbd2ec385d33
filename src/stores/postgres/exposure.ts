/** Counts in which positions items were shown. */

import { numberArray, textArray } from "./array-literal.ts";
import type { Transaction } from "./pool-types.ts";

/** Positions counted one by one: 0 to 19. */
const COUNTED_POSITIONS = 20;

export interface ShownItem {
  readonly itemId: string;
  readonly position: number;
}

/** Adds to `item_exposure`, one row an item, in item order. */
export async function addExposures(tx: Transaction, shown: readonly ShownItem[]): Promise<void> {
  if (shown.length === 0) return;
  const sums = [...sumByItem(shown)].sort(([a], [b]) => (a < b ? -1 : 1));
  await tx`
    insert into item_exposure as e (item_id, impressions, by_position)
    select item_id, impressions, by_position::bigint[]
    from unnest(
      ${textArray(sums.map(([itemId]) => itemId))}::text[],
      ${numberArray(sums.map(([, { impressions }]) => impressions))}::bigint[],
      ${textArray(sums.map(([, { byPosition }]) => numberArray(byPosition)))}::text[]
    ) as s (item_id, impressions, by_position)
    on conflict (item_id) do update set
      impressions = e.impressions + excluded.impressions,
      by_position = ${sumByPosition(tx)},
      -- Never back: a marker that is newer than its items' rows was set without an effect.
      updated_at = greatest(e.updated_at, now())`;
}

/** Written out place by place: to unnest both arrays and put them together again costs more than the rest of the row. */
function sumByPosition(tx: Transaction) {
  const sums = Array.from({ length: COUNTED_POSITIONS }, (_, index) => {
    const place = `by_position[${index + 1}]`;
    return `coalesce(e.${place}, 0) + excluded.${place}`;
  });
  return tx.unsafe(`array[${sums.join(", ")}]`);
}

function sumByItem(shown: readonly ShownItem[]): Map<string, { impressions: number; byPosition: number[] }> {
  const sums = new Map<string, { impressions: number; byPosition: number[] }>();
  for (const { itemId, position } of shown) {
    const sum = sums.get(itemId) ?? {
      impressions: 0,
      byPosition: new Array<number>(COUNTED_POSITIONS).fill(0),
    };
    sums.set(itemId, sum);
    sum.impressions++;
    if (position < COUNTED_POSITIONS) sum.byPosition[position] = (sum.byPosition[position] ?? 0) + 1;
  }
  return sums;
}
