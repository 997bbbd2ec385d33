/** Reads the value of a stream message back into the event it was. */

import type { EventId } from "../core/ids.ts";
import { ok } from "../core/result.ts";
import type { Parsed } from "./field.ts";
import {
  type LogEventFacts,
  streamImpressionField,
  streamWatchField,
  toImpression,
  toWatch,
} from "./log-shapes.ts";
import type { ImpressionEvent, LogEvent, WatchEvent } from "./model.ts";

/**
 * Parses a decoded message as the event type of its topic, by the rules of ingest except the time window:
 * an event may have waited in the outbox or a dead letter for as long as it had to.
 * Unlike at ingest the event id must be there, and a missing receive time is the event time.
 */
export function parseStreamEvent(kind: "impression", value: unknown): Parsed<ImpressionEvent>;
export function parseStreamEvent(kind: "watch", value: unknown): Parsed<WatchEvent>;
export function parseStreamEvent(kind: LogEvent["kind"], value: unknown): Parsed<LogEvent>;
export function parseStreamEvent(kind: LogEvent["kind"], value: unknown): Parsed<LogEvent> {
  if (kind === "impression") {
    const parsed = streamImpressionField.read(value, null);
    return parsed.ok ? ok(toImpression(parsed.value, factsOf(parsed.value))) : parsed;
  }
  const parsed = streamWatchField.read(value, null);
  return parsed.ok ? ok(toWatch(parsed.value, factsOf(parsed.value))) : parsed;
}

/** The id of an event's consumed marker: `watch-<event_id>` or `impression-<event_id>`. */
export const streamEventId = (event: Pick<LogEvent, "kind" | "eventId">) => `${event.kind}-${event.eventId}`;

interface StreamFields {
  readonly event_id: EventId;
  readonly ts_ms: number;
  readonly server_received_ts_ms: number | null;
}

const factsOf = (fields: StreamFields): LogEventFacts => ({
  eventId: fields.event_id,
  serverReceivedTsMs: fields.server_received_ts_ms ?? fields.ts_ms,
});
