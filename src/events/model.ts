/** What an event is, once parsed: trusted values only. */

import type { EventId, ItemId, RequestId, SessionId, UserId } from "../core/ids.ts";

export type Signal = "view" | "click" | "purchase";

/** What each signal adds to an item's popularity (spec of events, section 4). */
export const SIGNAL_WEIGHT: Readonly<Record<Signal, number>> = { view: 1, click: 3, purchase: 10 };

export interface DirectEvent {
  readonly kind: "direct";
  readonly eventId: EventId;
  readonly userId: UserId;
  readonly itemId: ItemId;
  readonly signal: Signal;
  readonly tsMs: number;
}

export interface EventContext {
  readonly device?: string;
  readonly platform?: string;
  readonly app_version?: string;
  readonly locale?: string;
  readonly country?: string;
  readonly timezone?: string;
  readonly referrer?: string;
  readonly user_agent?: string;
}

interface LogEventBase {
  readonly eventId: EventId;
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly requestId: RequestId;
  readonly tsMs: number;
  readonly serverReceivedTsMs: number;
  readonly context: EventContext | null;
}

export interface ImpressionItem {
  readonly itemId: ItemId;
  readonly position: number;
  readonly feedId: string | null;
  readonly slot: string | null;
}

export interface ImpressionEvent extends LogEventBase {
  readonly kind: "impression";
  readonly items: readonly ImpressionItem[];
}

export interface WatchEvent extends LogEventBase {
  readonly kind: "watch";
  readonly itemId: ItemId;
  readonly watchTimeSec: number;
  readonly percentWatched: number | null;
  readonly ended: boolean | null;
  readonly playbackSpeed: number | null;
  readonly rebufferCount: number | null;
}

export type LogEvent = ImpressionEvent | WatchEvent;
export type AnyEvent = DirectEvent | LogEvent;

/** One user-item signal as features see it, whatever way it came. */
export interface Interaction {
  /** `events.event_id`: the direct event's own id, or `watch-` and the log event's id for the stream. */
  readonly eventId: string;
  readonly userId: string;
  readonly itemId: string;
  readonly signal: Signal;
  /** Event time, already no later than the receive time. */
  readonly tsMs: number;
  /** Decides whether a repeat of the same item counts as a transition: only for `direct`. */
  readonly origin: "direct" | "stream";
}
