/** Writes a log event as the value of its stream message: compact ASCII JSON with keys in a fixed order. */

import type { ImpressionItem, LogEvent } from "./model.ts";

/** One line, no null members, numbers in shortest form; its length is its size in bytes. */
export function encodeLogEvent(event: LogEvent): string {
  // Escaping each UTF-16 unit by itself is what makes a surrogate pair two escapes.
  return JSON.stringify(wireFields(event)).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The event under its field names, in the order of the wire; a member left out is undefined. */
export function wireFields(event: LogEvent): Readonly<Record<string, unknown>> {
  const base = {
    event_id: event.eventId,
    user_id: event.userId,
    session_id: event.sessionId,
    request_id: event.requestId,
    ts_ms: event.tsMs,
    server_received_ts_ms: event.serverReceivedTsMs,
    context: event.context ?? undefined,
    event_type: event.kind,
  };
  if (event.kind === "impression") return { ...base, items: event.items.map(wireItem) };
  return {
    ...base,
    item_id: event.itemId,
    watch_time_sec: event.watchTimeSec,
    percent_watched: event.percentWatched ?? undefined,
    ended: event.ended ?? undefined,
    playback_speed: event.playbackSpeed ?? undefined,
    rebuffer_count: event.rebufferCount ?? undefined,
  };
}

const wireItem = ({ itemId, position, feedId, slot }: ImpressionItem) => ({
  item_id: itemId,
  position,
  feed_id: feedId ?? undefined,
  slot: slot ?? undefined,
});
