/** The feature tables as plain values, to be held against the reference fold. */

import { Deadline } from "../../src/core/deadline.ts";
import type { Features } from "../../src/events/fold.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";

export interface FeatureTables {
  readonly popularity: Record<string, number>;
  /** `previous>next` -> count. */
  readonly transitions: Record<string, number>;
  /** user -> items, oldest first. */
  readonly history: Record<string, string[]>;
}

/** What the store holds now. */
export function readFeatures(pool: Pool): Promise<FeatureTables> {
  return pool.use("read", Deadline.after(5_000), async (sql) => {
    const popularity = await sql<{ name: string; value: number }[]>`
      select item_id as name, score::float8 as value from item_popularity`;
    const transitions = await sql<{ name: string; value: number }[]>`
      select prev_item_id || '>' || next_item_id as name, cnt::float8 as value from co_visitation`;
    const history = await sql<{ name: string; value: string[] }[]>`
      select user_id as name, json_agg(item_id order by ts, pos) as value from user_history group by user_id`;
    return {
      popularity: Object.fromEntries(popularity.map(({ name, value }) => [name, value])),
      transitions: Object.fromEntries(transitions.map(({ name, value }) => [name, value])),
      history: Object.fromEntries(history.map(({ name, value }) => [name, value])),
    };
  });
}

/** Features of the reference fold in the same shape. */
export function asTables(features: Features): FeatureTables {
  return {
    popularity: Object.fromEntries(features.popularity),
    transitions: Object.fromEntries(
      [...features.transitions].flatMap(([previous, successors]) =>
        [...successors].map(([next, count]) => [`${previous}>${next}`, count]),
      ),
    ),
    history: Object.fromEntries(
      [...features.history].map(([user, items]) => [user, items.map(({ itemId }) => itemId)]),
    ),
  };
}
