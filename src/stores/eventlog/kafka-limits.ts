/** What Kafka takes: names of topics, sizes of records and requests. */

import type { ProduceRecord, ProduceResult } from "../../events/ports.ts";

/** Kafka's rule for topic names. */
export const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;
/** Kafka's default limit of a batch, less what surrounds a record in it. */
const MAX_RECORD_BYTES = 1_048_588 - 512;
/** Well below that limit: what surrounds each record is not counted. */
const MAX_REQUEST_BYTES = 512 * 1024;

/** A record, its place among those of the caller, and its partition. */
export interface Placed {
  readonly index: number;
  readonly record: ProduceRecord;
  readonly partition: number;
}

/** Why no broker would ever take this record, or null. */
export function refusalOf({ topic, value }: ProduceRecord): ProduceResult | null {
  if (!TOPIC_NAME.test(topic)) return { status: "failed", class: "fatal", error: `invalid_topic: ${topic}` };
  if (value.byteLength <= MAX_RECORD_BYTES) return null;
  return {
    status: "failed",
    class: "too_large",
    error: `${value.byteLength} bytes are more than Kafka takes`,
  };
}

/** Requests of limited size; a larger record goes alone. */
export function split(lane: readonly Placed[]): Placed[][] {
  const batches: Placed[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const placed of lane) {
    bytes += placed.record.value.byteLength;
    if (bytes > MAX_REQUEST_BYTES) {
      batches.push([]);
      bytes = placed.record.value.byteLength;
    }
    batches.at(-1)?.push(placed);
  }
  return batches;
}
