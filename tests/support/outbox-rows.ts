/** Builder of outbox rows with defaults. */

import type { OutboxRow } from "../../src/events/ports.ts";

export const anOutboxRow = (over: Partial<OutboxRow> = {}): OutboxRow => ({
  id: 1n,
  partition: 0,
  eventId: "event-0001",
  eventType: "watch",
  topic: "watches",
  key: "u-1",
  payload: "{}",
  headers: null,
  createdAtMs: 0,
  attemptCount: 0,
  maxAttempts: 25,
  ...over,
});
