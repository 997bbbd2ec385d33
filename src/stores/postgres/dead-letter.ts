/** Stores records that the consumer gives up on, whatever their bytes are. */

import { createHash } from "node:crypto";
import { parseJson } from "../../core/json.ts";
import type { DeadLetterDraft } from "../../events/ports.ts";
import { utf8 } from "../../events/stream-record.ts";
import { numberArray, textArray } from "./array-literal.ts";
import type { Transaction } from "./pool-types.ts";

const MAX_ERROR_LENGTH = 4000;

/** Where and by which build the record failed. */
export interface Origin {
  readonly node: string;
  readonly appVersion: string;
}

/** Upserts by the record's place in the log: a record that fails again stays the same row. */
export async function storeDeadLetters(
  tx: Transaction,
  letters: readonly DeadLetterDraft[],
  origin: Origin,
): Promise<void> {
  if (letters.length === 0) return;
  const records = letters.map(({ record }) => record);
  const payloads = letters.map(({ record }) => payloadOf(record.value));
  await tx`
    insert into feature_consumer_dlq as d (source_topic, source_partition, source_offset, topic_id, kafka_key, payload,
      raw_value, error_text, error_class, retry_count, event_id, user_key_hash, source_ts, headers, traceparent,
      node, app_version)
    select topic, partition, "offset", topic_id, key, payload::jsonb, decode(raw_value, 'hex'), error_text,
      error_class, retry_count, event_id, key_hash, to_timestamp(ts_ms / 1000.0), headers::jsonb, traceparent,
      ${origin.node}, ${origin.appVersion}
    from unnest(
      ${textArray(records.map(({ topic }) => topic))}::text[],
      ${numberArray(records.map(({ partition }) => partition))}::int[],
      ${numberArray(records.map(({ offset }) => offset))}::bigint[],
      ${textArray(records.map(({ topicId }) => topicId))}::text[],
      ${textArray(records.map(({ key }) => storable(Buffer.from(key ?? []).toString("utf8"))))}::text[],
      ${textArray(payloads.map(({ json }) => json))}::text[],
      ${textArray(payloads.map(({ rawHex }) => rawHex))}::text[],
      ${textArray(letters.map(({ errorText }) => cleanError(errorText)))}::text[],
      ${textArray(letters.map(({ errorClass }) => errorClass))}::text[],
      ${numberArray(letters.map(({ retryCount }) => Math.max(1, retryCount)))}::int[],
      ${textArray(letters.map(({ eventId }) => eventId && storable(eventId)))}::text[],
      ${textArray(records.map(({ key }) => key && createHash("sha256").update(key).digest("hex")))}::text[],
      ${numberArray(records.map(({ timestampMs }) => timestampMs))}::float8[],
      ${textArray(records.map(({ headers }) => headersJson(headers)))}::text[],
      ${textArray(records.map(({ headers }) => storable(headers["traceparent"] ?? "") || null))}::text[]
    ) as l (topic, partition, "offset", topic_id, key, payload, raw_value, error_text, error_class, retry_count,
      event_id, key_hash, ts_ms, headers, traceparent)
    on conflict (source_topic, source_partition, source_offset, topic_id) do update set
      kafka_key = excluded.kafka_key, payload = excluded.payload, raw_value = excluded.raw_value,
      error_text = excluded.error_text, error_class = excluded.error_class,
      retry_count = greatest(d.retry_count, excluded.retry_count), last_failed_at = now(), status = 'pending',
      last_replay_error = null, updated_at = now()`;
}

/** The value as a JSON object; what is none, or cannot be stored as one, is wrapped and kept byte for byte beside it. */
export function payloadOf(value: Uint8Array | null): { json: string; rawHex: string | null } {
  if (value === null) return { json: '{"raw_payload":null,"raw_encoding":"utf8"}', rawHex: null };
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const text = utf8(value);
  const parsed = text === null ? null : parseJson(text);
  const isObject =
    parsed?.ok && typeof parsed.value === "object" && parsed.value !== null && !Array.isArray(parsed.value);
  const json = parsed?.ok ? JSON.stringify(isObject ? parsed.value : { raw_payload: parsed.value }) : null;
  if (json !== null && isStorableJson(json)) return { json, rawHex: isObject ? null : bytes.toString("hex") };
  const asText = text !== null && isStorableJson(JSON.stringify(text));
  const wrapped = asText
    ? { raw_payload: text, raw_encoding: "utf8" }
    : { raw_payload: bytes.toString("base64"), raw_encoding: "base64" };
  return { json: JSON.stringify(wrapped), rawHex: bytes.toString("hex") };
}

/** jsonb takes neither U+0000 nor lone surrogates, which a well-formed stringify writes as escapes. */
const isStorableJson = (json: string) => !/\\u(0000|d[89a-f])/i.test(json);

/** text takes no U+0000, and UTF-8 no lone surrogates. */
const storable = (text: string) => text.replaceAll("\u0000", "\ufffd").toWellFormed();

/** An error text as the store takes it: never empty, at most 4000 characters. */
export const cleanError = (text: string) =>
  storable(text.trim()).slice(0, MAX_ERROR_LENGTH) || "unknown_error";

function headersJson(headers: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [storable(name), storable(value)])),
  );
}
