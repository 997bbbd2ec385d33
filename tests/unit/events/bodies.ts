/** Bodies as clients send them, and the parsers by the name of their route. */

import { readFileSync } from "node:fs";
import type { EventId } from "../../../src/core/ids.ts";
import {
  type ParseContext,
  parseBatch,
  parseDirectEvent,
  parseImpression,
  parseWatch,
} from "../../../src/events/schemas.ts";

/** 2026-01-01T00:00:00.123Z. */
export const RECEIVED_MS = 1_767_225_600_123;
export const TS_MS = 1_767_225_600_000;

export const aContext = (over: Partial<ParseContext> = {}): ParseContext => ({
  nowMs: RECEIVED_MS,
  limits: { maxEventFutureMs: 300_000, maxEventAgeMs: 2_592_000_000, maxBatchSize: 3 },
  newEventId: () => "generated-id" as EventId,
  ...over,
});

const BASE = { user_id: "u-1", session_id: "s-1", request_id: "r-1", ts_ms: TS_MS };

/** The smallest valid body of each route. */
export const BODIES = {
  direct: { user_id: "u-1", item_id: "i-1", event_type: "view", ts: TS_MS },
  watch: { ...BASE, item_id: "i-1", watch_time_sec: 10 },
  impression: { ...BASE, items: [{ item_id: "i-1", position: 0 }] },
};

export type EventRoute = keyof typeof BODIES;

export const PARSERS = {
  direct: parseDirectEvent,
  watch: parseWatch,
  impression: parseImpression,
  batch: parseBatch,
};

export const aDirectBody = (over: object = {}) => ({ ...BODIES.direct, ...over });
export const aWatchBody = (over: object = {}) => ({ ...BODIES.watch, ...over });
export const anImpressionBody = (over: object = {}) => ({ ...BODIES.impression, ...over });

/** The parsed event; fails the test with the issues when there is none. */
export function accepted<R extends keyof typeof PARSERS>(route: R, body: unknown, context = aContext()) {
  const parsed = PARSERS[route](body, context);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value as Extract<ReturnType<(typeof PARSERS)[R]>, { ok: true }>["value"];
}

/** Issues as `type loc`, with dots in the loc. */
export function refusals(route: keyof typeof PARSERS, body: unknown, context = aContext()): string[] {
  const parsed = PARSERS[route](body, context);
  return parsed.ok ? [] : parsed.error.map(({ type, loc }) => `${type} ${loc.join(".")}`);
}

export const fixtureLines = (name: string): string[] =>
  readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
