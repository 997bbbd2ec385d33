/** Parses the bodies of the event routes: what comes out is an event, or every reason why not. */

import type { EventId, ItemId, UserId } from "../core/ids.ts";
import { err, ok } from "../core/result.ts";
import { isObject, listField, objectField, optional, refined, required } from "./composite-field.ts";
import { type Field, type JsonSchema, literalField, type Parsed, type TimeWindow } from "./field.ts";
import { eventIdField, idField } from "./id-field.ts";
import { collect, type Issue, refuse, under, valueError } from "./issue.ts";
import { impressionField, type LogEventFacts, toImpression, toWatch, watchField } from "./log-shapes.ts";
import type { DirectEvent, ImpressionEvent, LogEvent, WatchEvent } from "./model.ts";
import { instantField } from "./time-window.ts";

export interface IngestLimits {
  readonly maxEventFutureMs: number;
  readonly maxEventAgeMs: number;
  readonly maxBatchSize: number;
}

/** What a request adds to its body. */
export interface ParseContext {
  /** The receive time. */
  readonly nowMs: number;
  readonly limits: IngestLimits;
  /** Called once for each valid event that came without an id. */
  readonly newEventId: () => EventId;
}

const directField = objectField({
  event_id: optional(eventIdField),
  user_id: required(idField<UserId>()),
  item_id: required(idField<ItemId>()),
  event_type: required(literalField("view", "click", "purchase")),
  ts: required(instantField("ts")),
});

const memberTypeField = literalField("impression", "watch");

/** Body of POST /event. As with its siblings, locs begin with `body` and issues are at most `ISSUES_MAX`. */
export function parseDirectEvent(body: unknown, context: ParseContext): Parsed<DirectEvent> {
  const parsed = directField.read(body, windowOf(context));
  if (!parsed.ok) return inBody(parsed);
  const fields = parsed.value;
  return ok({
    kind: "direct",
    eventId: fields.event_id ?? context.newEventId(),
    userId: fields.user_id,
    itemId: fields.item_id,
    signal: fields.event_type,
    tsMs: fields.ts,
  });
}

/** Body of POST /log/impression. */
export function parseImpression(body: unknown, context: ParseContext): Parsed<ImpressionEvent> {
  return inBody(readImpression(body, context));
}

/** Body of POST /log/watch. */
export function parseWatch(body: unknown, context: ParseContext): Parsed<WatchEvent> {
  return inBody(readWatch(body, context));
}

/** Body of POST /log/batch: events in the order sent, all with different ids. */
export function parseBatch(body: unknown, context: ParseContext): Parsed<readonly LogEvent[]> {
  const member: Field<LogEvent> = { schema: {}, read: (input) => readMember(input, context) };
  const events = refined(listField(member, { min: 1, max: context.limits.maxBatchSize }), distinctEvents);
  const parsed = objectField({ events: required(events) }).read(body, windowOf(context));
  return parsed.ok ? ok(parsed.value.events) : inBody(parsed);
}

/** JSON Schema (2020-12) of each body, by the name it has in the OpenAPI document. */
export function openApiSchemas(
  limits: Pick<IngestLimits, "maxBatchSize">,
): Readonly<Record<"DirectEvent" | "ImpressionEvent" | "WatchEvent" | "EventBatch", JsonSchema>> {
  const member: Field<unknown> = {
    ...impressionField,
    schema: { anyOf: [impressionField.schema, watchField.schema] },
  };
  const events = listField(member, { min: 1, max: limits.maxBatchSize });
  return {
    DirectEvent: directField.schema,
    ImpressionEvent: impressionField.schema,
    WatchEvent: watchField.schema,
    EventBatch: objectField({ events: required(events) }).schema,
  };
}

function readMember(input: unknown, context: ParseContext): Parsed<LogEvent> {
  if (!isObject(input)) return refuse(valueError("must be an object", input));
  if (!Object.hasOwn(input, "event_type")) {
    return Object.hasOwn(input, "items") ? readImpression(input, context) : readWatch(input, context);
  }
  const type = memberTypeField.read(input["event_type"], null);
  if (!type.ok) return err(under(["event_type"], type.error));
  return type.value === "impression" ? readImpression(input, context) : readWatch(input, context);
}

function readImpression(input: unknown, context: ParseContext): Parsed<ImpressionEvent> {
  const parsed = impressionField.read(input, windowOf(context));
  return parsed.ok ? ok(toImpression(parsed.value, factsOf(parsed.value, context))) : parsed;
}

function readWatch(input: unknown, context: ParseContext): Parsed<WatchEvent> {
  const parsed = watchField.read(input, windowOf(context));
  return parsed.ok ? ok(toWatch(parsed.value, factsOf(parsed.value, context))) : parsed;
}

function distinctEvents(events: readonly LogEvent[]): Parsed<readonly LogEvent[]> {
  const seen = new Set<string>();
  const issues: Issue[] = [];
  for (const [index, { eventId }] of events.entries()) {
    if (seen.has(eventId)) {
      collect(issues, under([index, "event_id"], [valueError("must be unique in the batch", eventId)]));
    }
    seen.add(eventId);
  }
  return issues.length === 0 ? ok(events) : err(issues);
}

const factsOf = (fields: { readonly event_id: EventId | null }, context: ParseContext): LogEventFacts => ({
  eventId: fields.event_id ?? context.newEventId(),
  serverReceivedTsMs: context.nowMs,
});

const windowOf = ({ nowMs, limits }: ParseContext): TimeWindow => ({
  nowMs,
  maxEventFutureMs: limits.maxEventFutureMs,
  maxEventAgeMs: limits.maxEventAgeMs,
});

const inBody = <T>(parsed: Parsed<T>): Parsed<T> => (parsed.ok ? parsed : err(under(["body"], parsed.error)));
