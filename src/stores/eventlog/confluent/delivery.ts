/** What a delivery report of librdkafka means for its record. */

import type { ProduceResult } from "../../../events/ports.ts";
import type { Delivery } from "./protocol.ts";

const TOO_LARGE = new Set([10 /* MSG_SIZE_TOO_LARGE */, 18 /* RECORD_LIST_TOO_LARGE */]);
const FATAL = new Set([17 /* TOPIC_EXCEPTION */, 87 /* INVALID_RECORD */]);
/** Only these say that nothing was written. Negative ones are the library's own, before anything was sent. */
const NOTHING_WRITTEN = new Set([
  3 /* UNKNOWN_TOPIC_OR_PART */, 5 /* LEADER_NOT_AVAILABLE */, 6 /* NOT_LEADER_FOR_PARTITION */,
  19 /* NOT_ENOUGH_REPLICAS */, 29 /* TOPIC_AUTHORIZATION_FAILED */, 31 /* CLUSTER_AUTHORIZATION_FAILED */,
  56 /* KAFKA_STORAGE_ERROR */, -184 /* _QUEUE_FULL */, -188 /* _UNKNOWN_TOPIC */,
  -190 /* _UNKNOWN_PARTITION */,
]);
/** The broker has this very batch already: an earlier answer was lost. */
const DUPLICATE = 46;

export function resultOf(delivery: Delivery): ProduceResult {
  if (delivery === null || delivery.code === DUPLICATE) return { status: "acked" };
  const { code, text } = delivery;
  const error = `${text} (${code})`;
  if (TOO_LARGE.has(code)) return { status: "failed", class: "too_large", error };
  if (FATAL.has(code)) return { status: "failed", class: "fatal", error };
  if (NOTHING_WRITTEN.has(code)) return { status: "failed", class: "retryable", error };
  return { status: "unknown", error };
}

export const mayBeSentAgain = (result: ProduceResult): boolean =>
  result.status === "unknown" || (result.status === "failed" && result.class === "retryable");
