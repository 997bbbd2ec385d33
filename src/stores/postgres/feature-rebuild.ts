/** Folds all of `events` anew, for when the features are the thing in doubt. */

import type { Deadline } from "../../core/deadline.ts";
import { RULE_STEPS, RULE_UNITS } from "../../events/fold-rules.ts";
import { isDirect } from "./event-origin.ts";
import { refoldDecay, weighedEvents } from "./feature-decay.ts";
import type { Pool, Transaction } from "./pool-types.ts";

/** Rows that each table holds afterwards. */
export interface RebuiltTables {
  readonly user_history: number;
  readonly co_visitation: number;
  readonly seq_rule: number;
  readonly item_decay: number;
  readonly item_popularity: number;
}

/**
 * Replaces the features of `events` by the reference fold over all that is stored; what retention removed is gone
 * from them, too. One transaction: readers see the old features until all new ones are there, a run that is broken
 * off changes nothing, and a repeat gives the same. Sorts spill to the server's disk, so memory stays bounded.
 *
 * Writers wait from the first statement to the commit. Each of them stores events before it touches a feature, so one
 * lock holds off all, and those that are past it end before anything is read.
 */
export function rebuildFeatures(pool: Pool, historySize: number, deadline: Deadline): Promise<RebuiltTables> {
  return pool.transaction("write", deadline, async (tx) => {
    // As long as the deadline allows; the wait for the lock keeps its own limit, as writers queue behind it.
    await tx`set local statement_timeout = 0`;
    await tx`lock table events in share row exclusive mode`;
    return {
      user_history: await refoldHistory(tx, historySize),
      co_visitation: await refoldTransitions(tx),
      seq_rule: await refoldRules(tx),
      item_decay: await refoldDecay(tx),
      item_popularity: await refoldPopularity(tx),
    };
  });
}

async function refoldHistory(tx: Transaction, historySize: number): Promise<number> {
  await tx`delete from user_history`;
  const { count } = await tx`
    insert into user_history (user_id, pos, item_id, ts)
    select user_id, row_number() over (partition by user_id order by id), item_id, ts
    from (
      select user_id, id, item_id, ts, row_number() over (partition by user_id order by ts desc, id desc) as nth
      from events
    ) as ranked
    where nth <= ${historySize}::int`;
  return count;
}

async function refoldTransitions(tx: Transaction): Promise<number> {
  await tx`delete from co_visitation`;
  const { count } = await tx`
    insert into co_visitation (prev_item_id, next_item_id, cnt)
    select e.previous, e.item_id, count(*)
    from (
      select event_id, item_id, lag(item_id) over (partition by user_id order by ts, id) as previous from events
    ) as e
    where e.previous is not null and (e.previous <> e.item_id or ${isDirect(tx)})
    group by e.previous, e.item_id`;
  return count;
}

async function refoldRules(tx: Transaction): Promise<number> {
  await tx`delete from seq_rule`;
  const { count } = await tx`
    insert into seq_rule (prev_item_id, next_item_id, w, n)
    select earlier.item_id, later.item_id, sum(${RULE_UNITS}::int / later.step)::float8 / ${RULE_UNITS}::float8, count(*)
    from (
      select item_id, array_agg(item_id) over (
        partition by user_id order by ts, id rows between 1 following and ${RULE_STEPS}::int following
      ) as followers
      from events
    ) as earlier
    cross join lateral unnest(earlier.followers) with ordinality as later(item_id, step)
    where later.item_id <> earlier.item_id
    group by earlier.item_id, later.item_id`;
  return count;
}

async function refoldPopularity(tx: Transaction): Promise<number> {
  await tx`delete from item_popularity`;
  const { count } = await tx`
    insert into item_popularity (item_id, score)
    select item_id, sum(weight) from (${weighedEvents(tx)}) as weighed group by item_id`;
  return count;
}
