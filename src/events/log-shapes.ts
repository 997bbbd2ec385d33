/** The fields of impressions and watches, and how they become events. */

import type { EventId, ItemId, RequestId, SessionId, UserId } from "../core/ids.ts";
import { err, ok } from "../core/result.ts";
import { listField, nullable, objectField, optional, refined, required } from "./composite-field.ts";
import {
  boolField,
  type Field,
  floatField,
  intField,
  literalField,
  type Parsed,
  textField,
} from "./field.ts";
import { eventIdField, idField } from "./id-field.ts";
import { collect, type Issue, under, valueError } from "./issue.ts";
import type { EventContext, ImpressionEvent, ImpressionItem, WatchEvent } from "./model.ts";
import { instantField } from "./time-window.ts";

/** Characters of each context text, and of `feed_id` and `slot`. */
export const CONTEXT_MAX_CHARACTERS = 512;
const IMPRESSION_MAX_ITEMS = 500;
/** The store's integer columns end here. */
const INT32_MAX = 2 ** 31 - 1;

const contextText = () => nullable(textField(CONTEXT_MAX_CHARACTERS));
const count = intField({ min: 0, max: INT32_MAX });

const context = objectField({
  device: contextText(),
  platform: contextText(),
  app_version: contextText(),
  locale: contextText(),
  country: contextText(),
  timezone: contextText(),
  referrer: contextText(),
  user_agent: contextText(),
});

const base = {
  event_id: optional(eventIdField),
  user_id: required(idField<UserId>()),
  session_id: required(idField<SessionId>()),
  request_id: required(idField<RequestId>()),
  ts_ms: required(instantField("ts_ms")),
  server_received_ts_ms: nullable(intField({ above: 0 })),
  context: nullable(refined(context, (members) => ok(withoutNulls(members)))),
};

const items = refined(
  listField(
    objectField({
      item_id: required(idField<ItemId>()),
      position: required(count),
      feed_id: contextText(),
      slot: contextText(),
    }),
    { min: 1, max: IMPRESSION_MAX_ITEMS },
  ),
  (members) =>
    distinctItems(
      members.map(({ item_id, position, feed_id, slot }) => ({
        itemId: item_id,
        position,
        feedId: feed_id,
        slot,
      })),
    ),
);

const impressionShape = { ...base, event_type: optional(literalField("impression")), items: required(items) };

const watchShape = {
  ...base,
  event_type: optional(literalField("watch")),
  item_id: required(idField<ItemId>()),
  watch_time_sec: required(floatField({ min: 0 })),
  percent_watched: nullable(floatField({ min: 0, max: 100 })),
  ended: nullable(boolField),
  playback_speed: nullable(floatField({ min: 0.25, max: 4 })),
  rebuffer_count: nullable(count),
};

/** As sent by a client: the id may be left out. */
export const impressionField = objectField(impressionShape);
export const watchField = objectField(watchShape);
/** As found in the stream: a new id on each reading would apply an event twice. */
export const streamImpressionField = objectField({ ...impressionShape, event_id: required(eventIdField) });
export const streamWatchField = objectField({ ...watchShape, event_id: required(eventIdField) });

type ValueOf<F> = F extends Field<infer T> ? T : never;

/** What every log event has and its fields alone do not settle. */
export interface LogEventFacts {
  readonly eventId: EventId;
  readonly serverReceivedTsMs: number;
}

export function toImpression(fields: ValueOf<typeof impressionField>, facts: LogEventFacts): ImpressionEvent {
  return { kind: "impression", ...toBase(fields, facts), items: fields.items };
}

export function toWatch(fields: ValueOf<typeof watchField>, facts: LogEventFacts): WatchEvent {
  return {
    kind: "watch",
    ...toBase(fields, facts),
    itemId: fields.item_id,
    watchTimeSec: fields.watch_time_sec,
    percentWatched: fields.percent_watched,
    ended: fields.ended,
    playbackSpeed: fields.playback_speed,
    rebufferCount: fields.rebuffer_count,
  };
}

function toBase(fields: Pick<ValueOf<typeof watchField>, keyof typeof base>, facts: LogEventFacts) {
  return {
    eventId: facts.eventId,
    userId: fields.user_id,
    sessionId: fields.session_id,
    requestId: fields.request_id,
    tsMs: fields.ts_ms,
    serverReceivedTsMs: facts.serverReceivedTsMs,
    context: fields.context,
  };
}

function withoutNulls(members: ValueOf<typeof context>): EventContext {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

function distinctItems(items: readonly ImpressionItem[]): Parsed<readonly ImpressionItem[]> {
  const positions = new Set<number>();
  const itemIds = new Set<string>();
  const issues: Issue[] = [];
  for (const [index, { itemId, position }] of items.entries()) {
    if (positions.has(position)) {
      collect(issues, under([index, "position"], [valueError("must be unique in the event", position)]));
    }
    if (itemIds.has(itemId)) {
      collect(issues, under([index, "item_id"], [valueError("must be unique in the event", itemId)]));
    }
    positions.add(position);
    itemIds.add(itemId);
  }
  return issues.length === 0 ? ok(items) : err(issues);
}
