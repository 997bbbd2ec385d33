/** The feature tables of a test's database, to be held against the reference fold. */

import { Deadline } from "../../src/core/deadline.ts";
import type { Features } from "../../src/events/fold.ts";
import * as tables from "../../src/stores/postgres/feature-tables.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";

export type FeatureTables = tables.FeatureTables;

/** Half-life of decayed popularity in a database that nobody configured. */
export const HALF_LIFE_HOURS = 8760;

/** The facts that are folded and what they are folded into, for `truncate`. */
export const FEATURE_TABLES = "events, item_popularity, co_visitation, seq_rule, item_decay, user_history";

/** What the store holds now. */
export const readFeatures = (pool: Pool): Promise<FeatureTables> =>
  pool.use("read", Deadline.after(5_000), tables.readFeatureTables);

/** Features of the reference fold in the same shape. */
export const asTables = (features: Features): FeatureTables => tables.asTables(features);
