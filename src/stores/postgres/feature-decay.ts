/** Decayed popularity in the store: new signals added, and the whole table rebuilt when the half-life changes. */

import type { Deadline } from "../../core/deadline.ts";
import { DECAY_EPOCH_MS, MS_PER_HOUR } from "../../events/fold-decay.ts";
import { type Interaction, SIGNAL_WEIGHT } from "../../events/model.ts";
import { numberArray, textArray } from "./array-literal.ts";
import type { Connection, Pool, Transaction } from "./pool-types.ts";

/** 2^-1000 is nothing beside 1, while smaller powers are errors to PostgreSQL. */
const NEGLIGIBLE_POWER = 1000;

/**
 * Adds the weights of new interactions. The half-life is the table's own, read with its lock held, so that writers
 * with another configuration or beside a rebuild never mix two scales.
 */
export async function addDecayed(tx: Transaction, interactions: readonly Interaction[]): Promise<void> {
  await tx`
    insert into item_decay as d (item_id, score)
    ${decayedSums(
      tx,
      tx`
        select e.item_id, e.ts_ms, e.weight
        from unnest(
          ${textArray(interactions.map(({ itemId }) => itemId))}::text[],
          ${numberArray(interactions.map(({ tsMs }) => tsMs))}::float8[],
          ${numberArray(interactions.map(({ signal }) => SIGNAL_WEIGHT[signal]))}::int[]
        ) as e(item_id, ts_ms, weight)`,
    )}
    order by item_id collate "C"
    on conflict (item_id) do update set
      score = greatest(d.score, excluded.score) + ln(
        1 + power(2::float8, -least(abs(d.score - excluded.score), ${NEGLIGIBLE_POWER}::float8))
      ) / ln(2::float8),
      updated_at = now()`;
}

/**
 * Brings `item_decay` to this half-life: when it has another one, all stored events are added up anew. Answers whether
 * they were. What retention removed from `events` is gone from the scores, too.
 */
export async function ensureHalfLife(
  pool: Pool,
  halfLifeHours: number,
  deadline: Deadline,
): Promise<boolean> {
  if ((await pool.use("read", deadline, readHalfLife)) === halfLifeHours) return false;
  return pool.transaction("write", deadline, async (tx) => {
    // As long as the deadline allows, which the caller chose for a whole migration.
    await tx`set local statement_timeout = 0`;
    // Waits for writers that have added to the table, and holds off those that have not: what the latter stored in
    // `events` is not committed, so nothing is counted twice or missed.
    await tx`lock table item_decay in share row exclusive mode`;
    if ((await readHalfLife(tx)) === halfLifeHours) return false;
    await tx`update item_decay_basis set half_life_hours = ${halfLifeHours}`;
    await refoldDecay(tx);
    return true;
  });
}

/** Adds all stored events up anew, at the table's half-life; answers the items. */
export async function refoldDecay(tx: Transaction): Promise<number> {
  await tx`delete from item_decay`;
  const { count } = await tx`insert into item_decay (item_id, score) ${decayedSums(tx, weighedEvents(tx))}`;
  return count;
}

/** Rows (item_id, ts_ms, weight) of all stored events. */
export function weighedEvents(tx: Transaction): ReturnType<Connection> {
  return tx`
    select e.item_id, (extract(epoch from e.ts) * 1000)::float8 as ts_ms, s.weight
    from events e
    join unnest(
      ${textArray(Object.keys(SIGNAL_WEIGHT))}::text[], ${numberArray(Object.values(SIGNAL_WEIGHT))}::int[]
    ) as s(event_type, weight) using (event_type)`;
}

async function readHalfLife(sql: Connection | Transaction): Promise<number | undefined> {
  const [basis] = await sql<{ hours: number }[]>`select half_life_hours as hours from item_decay_basis`;
  return basis?.hours;
}

/** Score per item of the rows (item_id, ts_ms, weight): powers are taken relative to the item's newest, so that none overflows. */
function decayedSums(sql: Connection | Transaction, signals: ReturnType<Connection>) {
  return sql`
    select item_id,
      newest + ln(sum(weight * power(2::float8, greatest(age - newest, -${NEGLIGIBLE_POWER}::float8)))) / ln(2::float8)
    from (
      select item_id, weight, age, max(age) over (partition by item_id) as newest
      from (
        select item_id, weight,
          (ts_ms - ${DECAY_EPOCH_MS}::float8) / ${MS_PER_HOUR}::float8 / half_life_hours as age
        from (${signals}) as signals, item_decay_basis
      ) as aged
    ) as weighed
    group by item_id, newest`;
}
