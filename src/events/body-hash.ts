/** Fingerprints what a client said, so that a repeat can be told from another body under the same id. */

import { createHash } from "node:crypto";
import { canonicalJson } from "../core/json.ts";
import type { AnyEvent, ImpressionEvent } from "./model.ts";
import { wireFields } from "./wire.ts";

/**
 * SHA-256 (32 bytes) of the event's canonical JSON without the receive time.
 * The parsed event is hashed: `1` and `"1"`, seconds and milliseconds, a default and its spelling are one body.
 */
export function bodyHash(event: AnyEvent): Uint8Array {
  if (event.kind !== "direct") {
    return sha256(canonicalJson({ ...wireFields(event), server_received_ts_ms: undefined }));
  }
  return sha256(
    canonicalJson({
      event_id: event.eventId,
      user_id: event.userId,
      item_id: event.itemId,
      event_type: event.signal,
      ts: event.tsMs,
    }),
  );
}

/**
 * The hash of an impression that the server made: time and context are its own and differ on each retry,
 * so only another slate under the same id is a conflict.
 */
export function slateHash(impression: ImpressionEvent): Uint8Array {
  const { ts_ms: _, context: __, server_received_ts_ms: ___, ...slate } = wireFields(impression);
  return sha256(canonicalJson(slate));
}

const sha256 = (text: string): Uint8Array => createHash("sha256").update(text, "utf8").digest();
