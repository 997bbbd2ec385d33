/** Makes the events of a guest those of a user, with all features as a fold over the moved events gives them. */

import { MERGE_MAX_EVENTS, type MergeOutcome } from "../../catalog/ports.ts";
import { pairChanges } from "../../events/fold-merge.ts";
import type { Interaction } from "../../events/model.ts";
import { appendAudit } from "./audit-log.ts";
import { isDirect } from "./event-origin.ts";
import { lockUsers } from "./feature-fold-events.ts";
import { writePairs } from "./feature-fold-writes.ts";
import type { Transaction } from "./pool-types.ts";

export interface Merge {
  readonly from: string;
  readonly to: string;
  readonly actor: string;
  readonly historySize: number;
}

/**
 * Popularity knows items alone and stays. Transitions and rules depend on the neighbours in a user's events: what both
 * sequences gave is taken back, and what the joint one gives is added. A repeat moves what came since.
 */
export async function mergeUsers(tx: Transaction, merge: Merge): Promise<MergeOutcome> {
  const { from, to, actor, historySize } = merge;
  await lockUsers(tx, [from, to]);
  if (await hasTooManyFacts(tx, from)) return { kind: "too_many" };
  const events = await eventsOf(tx, from, to);
  if (events.length > MERGE_MAX_EVENTS) return { kind: "too_many" };
  const moved = {
    events: events.filter(({ userId }) => userId === from).length,
    hiddenItems: await moveHiddenItems(tx, from, to),
  };
  const facts = await moveFacts(tx, from, to);
  let relatedItemIds: readonly string[] = [];
  if (moved.events > 0) {
    const changes = pairChanges(events, to);
    await tx`update events set user_id = ${to} where user_id = ${from}`;
    await rewriteHistory(tx, from, to, historySize);
    await writePairs(tx, changes);
    const changed = [...changes.transitions, ...changes.rules].map(({ previousItemId }) => previousItemId);
    relatedItemIds = [...new Set(changed)];
  }
  if (moved.events > 0 || moved.hiddenItems > 0 || facts > 0) {
    const result = `events=${moved.events} facts=${facts} hidden_items=${moved.hiddenItems}`;
    await appendAudit(tx, { actor, action: "users.merge", object: `${from} -> ${to}`, result });
  }
  return { kind: "merged", moved, relatedItemIds };
}

interface EventRow {
  readonly event_id: string;
  readonly user_id: Interaction["userId"];
  readonly item_id: Interaction["itemId"];
  readonly signal: Interaction["signal"];
  readonly ts_us: number;
  readonly is_direct: boolean;
}

/** In order of arrival; one more than the limit tells that there are too many. */
async function eventsOf(tx: Transaction, from: string, to: string): Promise<readonly Interaction[]> {
  const rows = await tx<EventRow[]>`
    select e.event_id, e.user_id, e.item_id, e.event_type as signal,
      (date_part('epoch', e.ts) * 1000000)::bigint::float8 as ts_us, ${isDirect(tx)} as is_direct
    from (
      select * from events where user_id in (${from}, ${to}) limit ${MERGE_MAX_EVENTS + 1}::int
    ) as e
    order by e.id`;
  return rows.map(({ event_id, user_id, item_id, signal, ts_us, is_direct }) => ({
    eventId: event_id,
    userId: user_id,
    itemId: item_id,
    signal,
    tsMs: ts_us / 1000,
    origin: is_direct ? "direct" : "stream",
  }));
}

/** An item that both hide stays hidden for the longer time. */
async function moveHiddenItems(tx: Transaction, from: string, to: string): Promise<number> {
  const { count } = await tx`
    with moved as (delete from user_hidden_items where user_id = ${from} returning item_id, until)
    insert into user_hidden_items as h (user_id, item_id, until, created_at)
    select ${to}, item_id, until, clock_timestamp() from moved
    on conflict (user_id, item_id) do update set until =
      case when h.until is null or excluded.until is null then null else greatest(h.until, excluded.until) end`;
  return count;
}

/** More than a statement may move in its time, while both users' locks are held. */
async function hasTooManyFacts(tx: Transaction, from: string): Promise<boolean> {
  const limit = MERGE_MAX_EVENTS + 1;
  const [row] = await tx<{ facts: number }[]>`
    select count(*)::int as facts from (
      (select from watches where user_id = ${from} limit ${limit}::int)
      union all
      (select from impressions where user_id = ${from} limit ${limit}::int)
    ) as f`;
  return (row?.facts ?? 0) > MERGE_MAX_EVENTS;
}

/** What the stream missed is found through the facts, so they follow their events. */
async function moveFacts(tx: Transaction, from: string, to: string): Promise<number> {
  const watches = await tx`update watches set user_id = ${to} where user_id = ${from}`;
  const impressions = await tx`update impressions set user_id = ${to} where user_id = ${from}`;
  return watches.count + impressions.count;
}

async function rewriteHistory(tx: Transaction, from: string, to: string, historySize: number): Promise<void> {
  await tx`delete from user_history where user_id in (${from}, ${to})`;
  await tx`
    insert into user_history (user_id, pos, item_id, ts)
    select user_id, row_number() over (order by id), item_id, ts
    from (
      select user_id, id, item_id, ts from events where user_id = ${to}
      order by events.ts desc, id desc limit ${historySize}::int
    ) as newest`;
}
