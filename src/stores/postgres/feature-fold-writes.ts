/** Writes deltas of features: history appended and trimmed, transitions, rules and popularity added up. */

import {
  type HistoryAddition,
  historyAdditions,
  type PopularityDelta,
  popularityDeltas,
} from "../../events/fold.ts";
import type { RuleDelta } from "../../events/fold-rules.ts";
import type { TransitionDelta } from "../../events/fold-transitions.ts";
import type { Interaction } from "../../events/model.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { addDecayed } from "./feature-decay.ts";
import { addRules, dropEmptyRules } from "./feature-rules.ts";
import type { Transaction } from "./pool-types.ts";
import { sentTogether } from "./sent-together.ts";

/** Changes of features that depend on an event's neighbours. */
export interface PairDeltas {
  readonly transitions: readonly TransitionDelta[];
  readonly rules: readonly RuleDelta[];
}

/**
 * Writes what stored interactions change; answers the items whose popularity changed.
 * Every writer takes rows in the same order: users (locked before), pairs, items. Popular items come last, so that
 * their row locks are held for the shortest time.
 */
export async function writeFeatures(
  tx: Transaction,
  interactions: readonly Interaction[],
  pairs: PairDeltas,
  historySize: number,
): Promise<readonly string[]> {
  if (interactions.length === 0) return [];
  const popularity = popularityDeltas(interactions);
  const pending = [
    appendHistory(tx, historyAdditions(interactions, historySize)),
    trimHistory(tx, [...new Set(interactions.map(({ userId }) => userId))], historySize),
  ];
  pending.push(writePairs(tx, pairs));
  pending.push(addDecayed(tx, interactions), addPopularity(tx, popularity));
  await sentTogether(pending);
  return popularity.map(({ itemId }) => itemId);
}

/** Adds up what changed between neighbours. A pair that no longer occurs leaves no row. */
export async function writePairs(tx: Transaction, { transitions, rules }: PairDeltas): Promise<void> {
  const pending: Promise<void>[] = [];
  if (transitions.length > 0) pending.push(addTransitions(tx, transitions));
  const lowered = transitions.filter(({ delta }) => delta < 0);
  if (lowered.length > 0) pending.push(dropEmptyTransitions(tx, lowered));
  if (rules.length > 0) pending.push(addRules(tx, rules));
  const rarer = rules.filter(({ count }) => count < 0);
  if (rarer.length > 0) pending.push(dropEmptyRules(tx, rarer));
  await sentTogether(pending);
}

async function appendHistory(tx: Transaction, additions: readonly HistoryAddition[]): Promise<void> {
  await tx`
    insert into user_history (user_id, pos, item_id, ts)
    select a.user_id,
      a.rank + coalesce((select max(h.pos) from user_history h where h.user_id = a.user_id), 0),
      a.item_id, to_timestamp(a.ts_ms / 1000.0)
    from unnest(
      ${textArray(additions.map(({ userId }) => userId))}::text[],
      ${numberArray(additions.map(({ rank }) => rank))}::bigint[],
      ${textArray(additions.map(({ itemId }) => itemId))}::text[],
      ${numberArray(additions.map(({ tsMs }) => tsMs))}::bigint[]
    ) as a(user_id, rank, item_id, ts_ms)`;
}

async function trimHistory(tx: Transaction, userIds: readonly string[], historySize: number): Promise<void> {
  await tx`
    delete from user_history h
    using unnest(${textArray(userIds)}::text[]) as u(user_id)
    cross join lateral (
      select k.pos from user_history k where k.user_id = u.user_id
      order by k.ts desc, k.pos desc offset ${historySize}::int
    ) as surplus
    where h.user_id = u.user_id and h.pos = surplus.pos`;
}

async function addTransitions(tx: Transaction, deltas: readonly TransitionDelta[]): Promise<void> {
  await tx`
    insert into co_visitation as c (prev_item_id, next_item_id, cnt)
    select * from unnest(
      ${textArray(deltas.map(({ previousItemId }) => previousItemId))}::text[],
      ${textArray(deltas.map(({ nextItemId }) => nextItemId))}::text[],
      ${numberArray(deltas.map(({ delta }) => delta))}::bigint[]
    )
    on conflict (prev_item_id, next_item_id) do update set cnt = c.cnt + excluded.cnt`;
}

/** Pairs that no longer occur leave no row, so that late and ordered arrival end in equal tables. */
async function dropEmptyTransitions(tx: Transaction, lowered: readonly TransitionDelta[]): Promise<void> {
  await tx`
    delete from co_visitation c
    using unnest(
      ${textArray(lowered.map(({ previousItemId }) => previousItemId))}::text[],
      ${textArray(lowered.map(({ nextItemId }) => nextItemId))}::text[]
    ) as p(prev_item_id, next_item_id)
    where c.prev_item_id = p.prev_item_id and c.next_item_id = p.next_item_id and c.cnt <= 0`;
}

async function addPopularity(tx: Transaction, deltas: readonly PopularityDelta[]): Promise<void> {
  await tx`
    insert into item_popularity as p (item_id, score)
    select * from unnest(
      ${textArray(deltas.map(({ itemId }) => itemId))}::text[],
      ${numberArray(deltas.map(({ delta }) => delta))}::bigint[]
    )
    on conflict (item_id) do update set score = p.score + excluded.score, updated_at = now()`;
}
