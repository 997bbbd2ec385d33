/** Writes log events as facts, each together with its outbox row. */

import type {
  EventContext,
  ImpressionEvent,
  ImpressionItem,
  LogEvent,
  WatchEvent,
} from "../../events/model.ts";
import type { OutboxDraft } from "../../events/ports.ts";
import { numberArray, textArray } from "./array-literal.ts";
import type { Transaction } from "./pool-types.ts";

/** A log event to be stored; without an outbox draft it is not published. */
export interface FactDraft<E extends LogEvent> {
  readonly event: E;
  readonly outbox: OutboxDraft | null;
}

/** Cannot be part of an id: control characters are refused. */
const ITEM_SEPARATOR = "\u001f";

/** Item rows a statement inserts at most, so that each one ends well within the statement timeout. */
const MAX_ITEM_ROWS = 20_000;

/** Stores watches and answers the ids that had no fact row yet; only those get an outbox row. */
export async function insertWatches(
  tx: Transaction,
  drafts: readonly FactDraft<WatchEvent>[],
): Promise<readonly string[]> {
  if (drafts.length === 0) return [];
  const events = drafts.map(({ event }) => event);
  const rows = await tx<{ event_id: string }[]>`
    with fact as (
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
      on conflict (event_id) do nothing
      returning event_id
    ), queued as (${queue(tx, "watch", drafts)})
    select event_id from fact`;
  return rows.map(({ event_id }) => event_id);
}

/** Stores impressions, a row an item, and answers the ids that had no fact row yet; only those get an outbox row. */
export async function insertImpressions(
  tx: Transaction,
  drafts: readonly FactDraft<ImpressionEvent>[],
): Promise<readonly string[]> {
  const inserted = await Promise.all(chunksByItems(drafts).map((chunk) => insertImpressionChunk(tx, chunk)));
  return inserted.flat();
}

/** An event travels as one row and is split into its items by the server: that is what a statement costs most. */
async function insertImpressionChunk(
  tx: Transaction,
  drafts: readonly FactDraft<ImpressionEvent>[],
): Promise<readonly string[]> {
  const events = drafts.map(({ event }) => event);
  const rows = await tx<{ event_id: string }[]>`
    with fresh as materialized (
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
      where not exists (select from impressions i where i.event_id = e.event_id)
    ), fact as (
      insert into impressions (event_id, user_id, session_id, request_id, ts_ms, server_received_ts_ms,
        item_id, position, feed_id, slot, context)
      select e.event_id, e.user_id, e.session_id, e.request_id, e.ts_ms, e.received_ms,
        i.item_id, i.position, i.feed_id, i.slot, e.context
      from fresh e cross join lateral ${events.every(isPlain) ? plainItems(tx) : describedItems(tx)}
    ), queued as (${queue(tx, "impression", drafts, "fresh")})
    select event_id from fresh`;
  return rows.map(({ event_id }) => event_id);
}

/** Outbox rows of the drafts that have one and whose fact is new, ids ascending in the order of the drafts. */
function queue(
  tx: Transaction,
  type: LogEvent["kind"],
  drafts: readonly FactDraft<LogEvent>[],
  source: "fact" | "fresh" = "fact",
) {
  const queued = drafts.filter(({ outbox }) => outbox !== null);
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

function chunksByItems(drafts: readonly FactDraft<ImpressionEvent>[]): FactDraft<ImpressionEvent>[][] {
  const chunks: FactDraft<ImpressionEvent>[][] = [];
  let rows = MAX_ITEM_ROWS;
  for (const draft of drafts) {
    rows += draft.event.items.length;
    if (rows > MAX_ITEM_ROWS) {
      chunks.push([]);
      rows = draft.event.items.length;
    }
    chunks.at(-1)?.push(draft);
  }
  return chunks;
}
