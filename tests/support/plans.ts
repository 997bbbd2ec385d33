/** Builders of ingest plans with defaults. */

import { createHash } from "node:crypto";
import { canonicalJson } from "../../src/core/json.ts";
import type {
  AnyEvent,
  DirectEvent,
  ImpressionEvent,
  Interaction,
  WatchEvent,
} from "../../src/events/model.ts";
import type { IngestPlan } from "../../src/events/ports.ts";

/** A branded id from any text, as a parser would make it. */
const id = <T extends string>(text: string) => text as T;

export const NOW_MS = 1_767_225_600_000;

type Loose<E> = { [K in keyof E]?: E[K] extends string ? string : E[K] };

export const aDirectEvent = (over: Loose<DirectEvent> = {}): DirectEvent => ({
  kind: "direct",
  eventId: id("direct-0001"),
  userId: id("u-1"),
  itemId: id("i-1"),
  signal: "view",
  tsMs: NOW_MS,
  ...(over as Partial<DirectEvent>),
});

export const aWatchEvent = (over: Loose<WatchEvent> = {}): WatchEvent => ({
  kind: "watch",
  eventId: id("log-0001"),
  userId: id("u-1"),
  sessionId: id("s-1"),
  requestId: id("req-0001"),
  tsMs: NOW_MS,
  serverReceivedTsMs: NOW_MS,
  context: null,
  itemId: id("i-1"),
  watchTimeSec: 10,
  percentWatched: null,
  ended: null,
  playbackSpeed: null,
  rebufferCount: null,
  ...(over as Partial<WatchEvent>),
});

export const anImpressionEvent = (over: Loose<ImpressionEvent> = {}): ImpressionEvent => ({
  kind: "impression",
  eventId: id("log-0001"),
  userId: id("u-1"),
  sessionId: id("s-1"),
  requestId: id("req-0001"),
  tsMs: NOW_MS,
  serverReceivedTsMs: NOW_MS,
  context: null,
  items: impressionItems("i-1", "i-2"),
  ...(over as Partial<ImpressionEvent>),
});

/** Items at positions 0, 1, 2, … */
export const impressionItems = (...itemIds: string[]): ImpressionEvent["items"] =>
  itemIds.map((itemId, position) => ({ itemId: id(itemId), position, feedId: null, slot: null }));

/** The plan of an event: hashed over all its members, published when it is a log event. */
export function planOf(event: AnyEvent): IngestPlan {
  const bodyHash = createHash("sha256").update(canonicalJson(event)).digest();
  if (event.kind === "direct") return { event, bodyHash, outbox: null };
  const outbox = {
    topic: `topic.${event.kind}`,
    key: event.userId,
    partition: 3,
    payload: JSON.stringify({ event_id: event.eventId, event_type: event.kind }),
    maxAttempts: 25,
  };
  return { event, bodyHash, outbox };
}

export const anInteraction = (over: Partial<Interaction> = {}): Interaction => ({
  eventId: "event-0001",
  userId: "u-1",
  itemId: "i-1",
  signal: "view",
  tsMs: NOW_MS,
  origin: "direct",
  ...over,
});
