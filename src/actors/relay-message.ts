/** Turns an outbox row into the message that the event log gets. */

import type { OutboxRow, ProduceRecord } from "../events/ports.ts";
import { parseStreamEvent } from "../events/stream-event.ts";
import { encodeLogEvent } from "../events/wire.ts";

/** `payload` must be the row's payload, which is a JSON object. */
export function toRecord(row: OutboxRow, payload: string, epoch: bigint): ProduceRecord {
  const parsed = parseStreamEvent(row.eventType, JSON.parse(payload));
  const headers: Record<string, string> = {
    event_id: row.eventId,
    schema_version: "1",
    outbox_id: String(row.id),
    partition_epoch: String(epoch),
    ...row.headers,
  };
  if (parsed.ok) headers["occurred_at"] = String(parsed.value.tsMs);
  // A payload that is no event of today goes out as it is: the consumer keeps it as a dead letter with its reason.
  const value = parsed.ok ? encodeLogEvent(parsed.value) : payload;
  return { topic: row.topic, key: row.key, value: Buffer.from(value, "utf8"), headers };
}
