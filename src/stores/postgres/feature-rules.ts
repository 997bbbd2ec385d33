/** Writes changes of sequential rules. */

import { RULE_UNITS, type RuleDelta } from "../../events/fold-rules.ts";
import { numberArray, textArray } from "./array-literal.ts";
import type { Transaction } from "./pool-types.ts";

/** `deltas` come in key order; weights are brought back to whole units after each sum, so that they never drift. */
export async function addRules(tx: Transaction, deltas: readonly RuleDelta[]): Promise<void> {
  await tx`
    insert into seq_rule as r (prev_item_id, next_item_id, w, n)
    select prev_item_id, next_item_id, units / ${RULE_UNITS}::float8, n
    from unnest(
      ${textArray(deltas.map(({ previousItemId }) => previousItemId))}::text[],
      ${textArray(deltas.map(({ nextItemId }) => nextItemId))}::text[],
      ${numberArray(deltas.map(({ units }) => units))}::int[],
      ${numberArray(deltas.map(({ count }) => count))}::int[]
    ) as d(prev_item_id, next_item_id, units, n)
    on conflict (prev_item_id, next_item_id) do update set
      w = round((r.w + excluded.w) * ${RULE_UNITS}::float8) / ${RULE_UNITS}::float8,
      n = r.n + excluded.n,
      updated_at = now()`;
}

/** Pairs that no longer occur leave no row, so that late and ordered arrival end in equal tables. */
export async function dropEmptyRules(tx: Transaction, lowered: readonly RuleDelta[]): Promise<void> {
  await tx`
    delete from seq_rule r
    using unnest(
      ${textArray(lowered.map(({ previousItemId }) => previousItemId))}::text[],
      ${textArray(lowered.map(({ nextItemId }) => nextItemId))}::text[]
    ) as p(prev_item_id, next_item_id)
    where r.prev_item_id = p.prev_item_id and r.next_item_id = p.next_item_id and r.n <= 0`;
}
