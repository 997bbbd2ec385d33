/** Sees an event as the user-item signal that features are made of. */

import type { DirectEvent, Interaction, WatchEvent } from "./model.ts";
import { streamEventId } from "./stream-event.ts";
import { watchSignal } from "./watch-signal.ts";

/**
 * `receivedMs` is the receive time of a direct event; a watch carries its own.
 * An event time later than that counts as the receive time: a fast clock must not stay on top of a history.
 */
export function effectiveInteraction(event: DirectEvent | WatchEvent, receivedMs: number): Interaction {
  const { userId, itemId } = event;
  if (event.kind === "direct") {
    const { eventId, signal } = event;
    return { eventId, userId, itemId, signal, tsMs: Math.min(event.tsMs, receivedMs), origin: "direct" };
  }
  return {
    eventId: streamEventId(event),
    userId,
    itemId,
    signal: watchSignal(event.watchTimeSec, event.percentWatched),
    tsMs: Math.min(event.tsMs, event.serverReceivedTsMs),
    origin: "stream",
  };
}
