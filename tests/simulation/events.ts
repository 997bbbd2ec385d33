/** Makes the events of a simulation: most are ordinary, some are wrong in one way. */

import type { AnyEvent, DirectEvent, ImpressionEvent, WatchEvent } from "../../src/events/model.ts";
import { impressionItems } from "../support/plans.ts";
import type { Poison } from "./history.ts";
import { INGEST_WINDOW_MS, MAX_RECORD_BYTES } from "./settings.ts";
import type { World } from "./world.ts";

const ITEMS = ["a", "b", "c", "d"];
const OF_STREAM: readonly Poison[] = [
  "payload",
  "too_large",
  "data",
  "unknown",
  "killer",
  "stuck",
  "unstorable",
];

/** A branded id from any text. */
const id = <T extends string>(text: string) => text as T;

export function anEvent(
  world: World,
  number: number,
  userId: string,
): { event: AnyEvent; poison: Poison | null } {
  const eventId = `event-${String(number).padStart(4, "0")}`;
  const kind = world.pick(["watch", "watch", "impression", "direct"] as const);
  const isPoison = world.chance(world.climate.poison);
  const poison = !isPoison ? null : kind === "direct" ? "unstorable" : world.pick(OF_STREAM);
  const event = make(world, kind, eventId, userId);
  return { event: poison === "too_large" && event.kind !== "direct" ? blownUp(event) : event, poison };
}

function make(world: World, kind: AnyEvent["kind"], eventId: string, userId: string): AnyEvent {
  const tsMs = Math.trunc(world.nowMs() - ageMs(world));
  const itemId = world.pick(ITEMS);
  if (kind === "direct") {
    const signal = world.pick(["view", "click", "purchase"] as const);
    const direct: DirectEvent = {
      kind,
      eventId: id(eventId),
      userId: id(userId),
      itemId: id(itemId),
      signal,
      tsMs,
    };
    return direct;
  }
  const base = {
    eventId: id<WatchEvent["eventId"]>(eventId),
    userId: id<WatchEvent["userId"]>(userId),
    sessionId: id<WatchEvent["sessionId"]>("s-1"),
    requestId: id<WatchEvent["requestId"]>("req-0001"),
    ...{ tsMs, serverReceivedTsMs: tsMs, context: null },
  };
  if (kind === "impression") {
    const impression: ImpressionEvent = { kind, ...base, items: impressionItems(itemId, `${itemId}2`) };
    return impression;
  }
  const optional = { percentWatched: null, ended: null, playbackSpeed: null, rebufferCount: null };
  const watchTimeSec = world.pick([1, 40, 200]);
  return { kind, ...base, itemId: id(itemId), watchTimeSec, ...optional };
}

/** Mostly recent; some are out of order, some at the very end of what ingest takes. */
function ageMs(world: World): number {
  const turn = world.random.next();
  if (turn < 0.6) return world.random.next() * 100;
  return turn < 0.85 ? world.random.next() * 20_000 : INGEST_WINDOW_MS - world.random.next() * 1_000;
}

const blownUp = (event: WatchEvent | ImpressionEvent): AnyEvent => ({
  ...event,
  context: { user_agent: "x".repeat(MAX_RECORD_BYTES) },
});
