/** Writes log events: ledger entry, fact and outbox row in one statement, which stores all of them or nothing. */

import type {
  EventContext,
  ImpressionEvent,
  ImpressionItem,
  LogEvent,
  WatchEvent,
} from "../../events/model.ts";
import type { IngestPlan, OutboxDraft } from "../../events/ports.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { entering } from "./ingest-ledger.ts";
import type { Transaction } from "./pool-types.ts";
import { sentTogether } from "./sent-together.ts";

/** A log event to be stored; without an outbox plan it is not published. */
export type LogPlan<E extends LogEvent = LogEvent> = IngestPlan & { readonly event: E };

/** Cannot be part of an id: control characters are refused. */
const ITEM_SEPARATOR = "\u001f";

/** Item rows a statement inserts at most, so that each one ends well within the statement timeout. */
const MAX_ITEM_ROWS = 20_000;

export const isWatch = (plan: IngestPlan): plan is LogPlan<WatchEvent> => plan.event.kind === "watch";
export const isImpression = (plan: IngestPlan): plan is LogPlan<ImpressionEvent> =>
  plan.event.kind === "impression";

/** Whether these plans are stored by a single statement, which needs no transaction around it. */
export function needsOneStatement(plans: readonly IngestPlan[]): boolean {
  if (plans.every(isWatch)) return true;
  return plans.every(isImpression) && chunksByItems(plans).length === 1;
}

/** Stores watches with distinct ids and answers the ids that neither ledger nor facts knew; only those get an outbox row. */
export async function insertWatches(
  tx: Transaction,
  plans: readonly LogPlan<WatchEvent>[],
): Promise<readonly string[]> {
  if (plans.length === 0) return [];
  const events = plans.map(({ event }) => event);
  const rows = await tx<{ event_id: string }[]>`
    with entered as (${entering(tx, "watch", plans)}), fact as (
      insert into watches (event_id, user_id, session_id, request_id, item_id, ts_ms, server_received_ts_ms,
        watch_time_sec, percent_watched, ended, playback_speed, rebuffer_count, context)
      select event_id, user_id, session_id, request_id, item_id, ts_ms, received_ms,
        watch_time_sec, percent_watched, ended, playback_speed, rebuffer_count, context::jsonb
      from unnest(
        ${column(events, ({ eventId }) => eventId)}::text[],
        ${column(events, ({ userId }) => userId)}::text[],
        ${column(events, ({ sessionId }) => sessionId)}::text[],
        ${column(events, ({ requestId }) => requestId)}::text[],
        ${column(events, ({ itemId }) => itemId)}::text[],
        ${numberArray(events.map(({ tsMs }) => tsMs))}::bigint[],
        ${numberArray(events.map(({ serverReceivedTsMs }) => serverReceivedTsMs))}::bigint[],
        ${numberArray(events.map(({ watchTimeSec }) => watchTimeSec))}::float8[],
        ${numberArray(events.map(({ percentWatched }) => percentWatched))}::float8[],
        ${numberArray(events.map(({ ended }) => ended))}::bool[],
        ${numberArray(events.map(({ playbackSpeed }) => playbackSpeed))}::float8[],
        ${numberArray(events.map(({ rebufferCount }) => rebufferCount))}::int[],
        ${column(events, ({ context }) => contextJson(context))}::text[]
      ) as w(event_id, user_id, session_id, request_id, item_id, ts_ms, received_ms, watch_time_sec,
        percent_watched, ended, playback_speed, rebuffer_count, context)
      where event_id in (select event_id from entered)
      on conflict (event_id) do nothing
      returning event_id
    ), queued as (${queue(tx, "watch", plans)})
    select event_id from fact`;
  return rows.map(({ event_id }) => event_id);
}

/** As `insertWatches`, with a row an item. */
export async function insertImpressions(
  tx: Transaction,
  plans: readonly LogPlan<ImpressionEvent>[],
): Promise<readonly string[]> {
  const inserted = await sentTogether(chunksByItems(plans).map((chunk) => insertImpressionChunk(tx, chunk)));
  return inserted.flat();
}

/** An event travels as one row and is split into its items by the server: that is what a statement costs most. */
async function insertImpressionChunk(
  tx: Transaction,
  plans: readonly LogPlan<ImpressionEvent>[],
): Promise<readonly string[]> {
  const events = plans.map(({ event }) => event);
  const rows = await tx<{ event_id: string }[]>`
    with entered as (${entering(tx, "impression", plans)}), fresh as materialized (
      select event_id, user_id, session_id, request_id, ts_ms, received_ms, context::jsonb as context,
        items, positions, feeds, slots
      from unnest(
        ${column(events, ({ eventId }) => eventId)}::text[],
        ${column(events, ({ userId }) => userId)}::text[],
        ${column(events, ({ sessionId }) => sessionId)}::text[],
        ${column(events, ({ requestId }) => requestId)}::text[],
        ${numberArray(events.map(({ tsMs }) => tsMs))}::bigint[],
        ${numberArray(events.map(({ serverReceivedTsMs }) => serverReceivedTsMs))}::bigint[],
        ${column(events, ({ context }) => contextJson(context))}::text[],
        ${column(events, ({ items }) => items.map(({ itemId }) => itemId).join(ITEM_SEPARATOR))}::text[],
        ${column(events, ({ items }) => positionsJson(items))}::text[],
        ${column(events, ({ items }) => optionalJson(items.map(({ feedId }) => feedId)))}::text[],
        ${column(events, ({ items }) => optionalJson(items.map(({ slot }) => slot)))}::text[]
      ) as e(event_id, user_id, session_id, request_id, ts_ms, received_ms, context, items, positions, feeds, slots)
      where e.event_id in (select event_id from entered)
        and not exists (select from impressions i where i.event_id = e.event_id)
    ), fact as (
      insert into impressions (event_id, user_id, session_id, request_id, ts_ms, server_received_ts_ms,
        item_id, position, feed_id, slot, context)
      select e.event_id, e.user_id, e.session_id, e.request_id, e.ts_ms, e.received_ms,
        i.item_id, i.position, i.feed_id, i.slot, e.context
      from fresh e cross join lateral ${events.every(isPlain) ? plainItems(tx) : describedItems(tx)}
    ), queued as (${queue(tx, "impression", plans, "fresh")})
    select event_id from fresh`;
  return rows.map(({ event_id }) => event_id);
}

/** Outbox rows of the plans that have one and whose fact is new, ids ascending in the order of the plans. */
function queue(
  tx: Transaction,
  type: LogEvent["kind"],
  plans: readonly LogPlan<LogEvent>[],
  source: "fact" | "fresh" = "fact",
) {
  const queued = plans.filter(({ outbox }) => outbox !== null);
  const boxes = queued.map(({ outbox }) => outbox as OutboxDraft);
  return tx`
    insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, max_attempts, partition)
    select o.event_id, ${type}, o.topic, o.key, o.payload::jsonb, o.max_attempts, o.partition
    from unnest(
      ${column(queued, ({ event }) => event.eventId)}::text[],
      ${column(boxes, ({ topic }) => topic)}::text[],
      ${column(boxes, ({ key }) => key)}::text[],
      ${column(boxes, ({ payload }) => payload)}::text[],
      ${numberArray(boxes.map(({ maxAttempts }) => maxAttempts))}::int[],
      ${numberArray(boxes.map(({ partition }) => partition))}::smallint[]
    ) with ordinality as o(event_id, topic, key, payload, max_attempts, partition, ord)
    where o.event_id in (select event_id from ${tx(source)})
    order by o.ord
    on conflict (event_id, event_type) do nothing`;
}

const column = <T>(rows: readonly T[], pick: (row: T) => string | null) => textArray(rows.map(pick));

/** Items at the positions 0, 1, 2, … with nothing else said of them, as `/reco` shows them. */
const isPlain = ({ items }: ImpressionEvent) =>
  hasUsualPositions(items) && items.every(({ feedId, slot }) => feedId === null && slot === null);

const plainItems = (tx: Transaction) => tx`(
  select item_id, ord::int - 1 as position, null as feed_id, null as slot
  from string_to_table(e.items, ${ITEM_SEPARATOR}) with ordinality as split(item_id, ord)
) as i`;

const describedItems = (tx: Transaction) => tx`(
  select item_id, coalesce(position::int, ord::int - 1) as position, feed_id, slot
  from rows from (
    string_to_table(e.items, ${ITEM_SEPARATOR}),
    json_array_elements_text(e.positions::json),
    json_array_elements_text(e.feeds::json),
    json_array_elements_text(e.slots::json)
  ) with ordinality as split(item_id, position, feed_id, slot, ord)
) as i`;

const hasUsualPositions = (items: readonly ImpressionItem[]) =>
  items.every(({ position }, index) => position === index);

/** Null for the usual positions: they follow from the order. */
const positionsJson = (items: readonly ImpressionItem[]) =>
  hasUsualPositions(items) ? null : JSON.stringify(items.map(({ position }) => position));

const optionalJson = (values: readonly (string | null)[]) =>
  values.every((value) => value === null) ? null : JSON.stringify(values);

function contextJson(context: EventContext | null): string | null {
  if (context === null) return null;
  return JSON.stringify(context, (_, member) => member ?? undefined);
}

function chunksByItems(plans: readonly LogPlan<ImpressionEvent>[]): LogPlan<ImpressionEvent>[][] {
  const chunks: LogPlan<ImpressionEvent>[][] = [];
  let rows = MAX_ITEM_ROWS;
  for (const plan of plans) {
    rows += plan.event.items.length;
    if (rows > MAX_ITEM_ROWS) {
      chunks.push([]);
      rows = plan.event.items.length;
    }
    chunks.at(-1)?.push(plan);
  }
  return chunks;
}
