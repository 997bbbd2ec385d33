/** Events as the stream carries them: users that stay in the item clusters of the seeded data, and slates of 20. */

import type { EventId, ItemId, RequestId, SessionId, UserId } from "../../src/core/ids.ts";
import type { ImpressionEvent, LogEvent, WatchEvent } from "../../src/events/model.ts";
import type { ProduceRecord } from "../../src/events/ports.ts";
import { encodeLogEvent } from "../../src/events/wire.ts";
import { ITEMS, itemName, USERS, userName } from "../data/names.ts";

const CLUSTER = 50;
const CLUSTERS = 200;
/** Every fifth event goes to any item. */
const STRAY = 0.2;
const SLATE = 20;
/** One event in this many is an impression. */
const IMPRESSION_EVERY = 5;

export const TOPICS = { impressions: "recsys.impressions.v1", watches: "recsys.watches.v1" } as const;

/** In order of arrival; ids begin with `prefix`. */
export function streamEvents(count: number, prefix: string): readonly LogEvent[] {
  return Array.from({ length: count }, (_, index) =>
    index % IMPRESSION_EVERY === 0 ? anImpression(`${prefix}-${index}`) : aWatch(`${prefix}-${index}`),
  );
}

export const asRecord = (event: LogEvent): ProduceRecord => ({
  topic: event.kind === "watch" ? TOPICS.watches : TOPICS.impressions,
  key: event.userId,
  value: Buffer.from(encodeLogEvent(event)),
  headers: { event_id: event.eventId, schema_version: "1", occurred_at: String(event.tsMs) },
});

function itemOf(user: number): ItemId {
  if (Math.random() < STRAY) return itemName(Math.floor(ITEMS * Math.random() ** 3)) as ItemId;
  const cluster = (user * 7 + Math.floor(3 * Math.random()) * 61) % CLUSTERS;
  return itemName(cluster * CLUSTER + Math.floor(CLUSTER * Math.random() ** 2)) as ItemId;
}

function common(id: string, user: number) {
  const nowMs = Date.now();
  return {
    eventId: id as EventId,
    userId: userName(user) as UserId,
    sessionId: "s-1" as SessionId,
    requestId: "req_0192f1c07a5b7c3e9a4d1f2b3c4d5e6f" as RequestId,
    tsMs: nowMs,
    serverReceivedTsMs: nowMs,
    context: null,
  };
}

function aWatch(id: string): WatchEvent {
  const user = Math.floor(USERS * Math.random());
  return {
    ...common(id, user),
    kind: "watch",
    itemId: itemOf(user),
    watchTimeSec: 60,
    percentWatched: 90,
    ended: null,
    playbackSpeed: null,
    rebufferCount: null,
  };
}

function anImpression(id: string): ImpressionEvent {
  const user = Math.floor(USERS * Math.random());
  return {
    ...common(id, user),
    kind: "impression",
    items: slateOf(user).map((itemId, position) => ({ itemId, position, feedId: null, slot: null })),
  };
}

/** Distinct, as a slate must be. */
function slateOf(user: number): readonly ItemId[] {
  const items = new Set<ItemId>();
  while (items.size < SLATE) items.add(itemOf(user));
  return [...items];
}
