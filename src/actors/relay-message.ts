/** Turns an outbox row into the message that the event log gets. */

import type { OutboxRow, ProduceRecord } from "../events/ports.ts";
import { parseStreamEvent } from "../events/stream-event.ts";
import { encodeLogEvent, restoreLogEvent } from "../events/wire.ts";

/** `payload` must be the row's payload, which is a JSON object. */
export function toRecord(row: OutboxRow, payload: string, epoch: bigint): ProduceRecord {
  const { value, tsMs } = messageOf(row, payload);
  const headers: Record<string, string> = {
    event_id: row.eventId,
    schema_version: "1",
    outbox_id: String(row.id),
    partition_epoch: String(epoch),
    ...row.headers,
  };
  if (tsMs !== null) headers["occurred_at"] = String(tsMs);
  return { topic: row.topic, key: row.key, value: Buffer.from(value, "utf8"), headers };
}

function messageOf(row: OutboxRow, payload: string): { value: string; tsMs: number | null } {
  const stored = JSON.parse(payload);
  const restored = isOurs(row, stored) ? restoreLogEvent(row.eventType, stored) : null;
  if (restored !== null) return { value: restored, tsMs: stored.ts_ms };
  const parsed = parseStreamEvent(row.eventType, stored);
  // A payload that is no event of today goes out as it is: the consumer keeps it as a dead letter with its reason.
  if (!parsed.ok) return { value: payload, tsMs: null };
  return { value: encodeLogEvent(parsed.value), tsMs: parsed.value.tsMs };
}

/** Has what every message that ingest wrote has, and that reading an event anew would have to add. */
const isOurs = (row: OutboxRow, stored: Readonly<Record<string, unknown>>) =>
  stored["event_type"] === row.eventType &&
  Number.isSafeInteger(stored["ts_ms"]) &&
  Number.isSafeInteger(stored["server_received_ts_ms"]);
