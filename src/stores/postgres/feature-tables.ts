/** The feature tables as plain values, to be held against the reference fold. */

import type { Features } from "../../events/fold.ts";
import { type PairMap, sortedPairs } from "../../events/fold-order.ts";
import { RULE_UNITS } from "../../events/fold-rules.ts";
import type { Connection, Transaction } from "./pool-types.ts";

export interface FeatureTables {
  readonly popularity: Record<string, number>;
  /** `previous>next` -> count. */
  readonly transitions: Record<string, number>;
  /** `previous>next` -> weight and count. */
  readonly rules: Record<string, readonly [weight: number, count: number]>;
  /** Log2 scores, rounded: their last digits depend on the order of arrival. */
  readonly decayed: Record<string, number>;
  /** user -> items, oldest first. */
  readonly history: Record<string, string[]>;
}

/** What the store holds now. */
export async function readFeatureTables(sql: Connection | Transaction): Promise<FeatureTables> {
  const popularity = await sql<{ name: string; value: number }[]>`
    select item_id as name, score::float8 as value from item_popularity`;
  const transitions = await sql<{ name: string; value: number }[]>`
    select prev_item_id || '>' || next_item_id as name, cnt::float8 as value from co_visitation`;
  const rules = await sql<{ name: string; value: [number, number] }[]>`
    select prev_item_id || '>' || next_item_id as name, json_build_array(w, n) as value from seq_rule`;
  const decayed = await sql<{ name: string; value: number }[]>`
    select item_id as name, score as value from item_decay`;
  const history = await sql<{ name: string; value: string[] }[]>`
    select user_id as name, json_agg(item_id order by ts, pos) as value from user_history group by user_id`;
  return {
    popularity: Object.fromEntries(popularity.map(({ name, value }) => [name, value])),
    transitions: Object.fromEntries(transitions.map(({ name, value }) => [name, value])),
    rules: Object.fromEntries(rules.map(({ name, value }) => [name, value])),
    decayed: Object.fromEntries(decayed.map(({ name, value }) => [name, rounded(value)])),
    history: Object.fromEntries(history.map(({ name, value }) => [name, value])),
  };
}

/** Features of the reference fold in the same shape. */
export function asTables(features: Features): FeatureTables {
  return {
    popularity: Object.fromEntries(features.popularity),
    transitions: pairsOf(features.transitions, (count) => count),
    rules: pairsOf(features.rules, ({ units, count }) => [units / RULE_UNITS, count] as const),
    decayed: Object.fromEntries([...features.decayed].map(([item, score]) => [item, rounded(score)])),
    history: Object.fromEntries(
      [...features.history].map(([user, items]) => [user, items.map(({ itemId }) => itemId)]),
    ),
  };
}

const rounded = (score: number) => Number(score.toFixed(6));

const pairsOf = <V, T>(pairs: PairMap<V>, shown: (value: V) => T): Record<string, T> =>
  Object.fromEntries(
    sortedPairs(pairs).map(([previous, next, value]) => [`${previous}>${next}`, shown(value)]),
  );
