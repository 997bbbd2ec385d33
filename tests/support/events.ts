/** Bodies of the event routes with valid defaults. */

import { NOW_MS } from "./fakes/http-services.ts";

export type Body = Readonly<Record<string, unknown>>;

export const aDirectBody = (overrides: Body = {}): Body => ({
  event_id: "event-0001",
  user_id: "u-1",
  item_id: "i-1",
  event_type: "click",
  ts: NOW_MS,
  ...overrides,
});

const aLogBody = (overrides: Body): Body => ({
  user_id: "u-1",
  session_id: "s-1",
  request_id: "request-0001",
  ts_ms: NOW_MS,
  ...overrides,
});

export const anImpressionBody = (overrides: Body = {}): Body =>
  aLogBody({
    event_id: "impression-0001",
    items: [
      { item_id: "i-1", position: 0 },
      { item_id: "i-2", position: 1 },
    ],
    ...overrides,
  });

export const aWatchBody = (overrides: Body = {}): Body =>
  aLogBody({ event_id: "watch-0001", item_id: "i-1", watch_time_sec: 60, ...overrides });
