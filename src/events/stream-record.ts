/** Decides what the consumer does with one record of the event log: pure. */

import { parseJson } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import { isObject } from "./composite-field.ts";
import { effectiveInteraction } from "./interaction.ts";
import type { Issue } from "./issue.ts";
import type { ImpressionEvent, LogEvent, WatchEvent } from "./model.ts";
import type { ChunkEntry, DeadLetterDraft, LogRecord } from "./ports.ts";
import { parseStreamEvent, streamEventId } from "./stream-event.ts";

/** Which event type a topic carries. */
export type TopicKinds = ReadonlyMap<string, LogEvent["kind"]>;

type ErrorClass = DeadLetterDraft["errorClass"];

export const SCHEMA_VERSION = "1";
const MAX_ISSUES_TOLD = 5;

/** Needs no header: of the known ones only a schema version that this build does not know changes the decision. */
export function decideRecord(record: LogRecord, kinds: TopicKinds): ChunkEntry {
  const kind = kinds.get(record.topic);
  if (!kind) return { kind: "ignored", record };
  const decoded = decode(record.value);
  if (!decoded.ok) return deadLetter(record, decoded.error.errorClass, decoded.error.text, null);
  const value = decoded.value;
  const version = record.headers["schema_version"] ?? SCHEMA_VERSION;
  if (version !== SCHEMA_VERSION) {
    return deadLetter(
      record,
      "unknown_schema_version",
      `unknown schema version ${version}`,
      eventIdOf(value),
    );
  }
  if (isForeignType(value)) return { kind: "ignored", record };
  const parsed = parseStreamEvent(kind, value);
  if (!parsed.ok) return deadLetter(record, "schema", issuesText(parsed.error), eventIdOf(value));
  return parsed.value.kind === "watch"
    ? watchEntry(record, parsed.value)
    : impressionEntry(record, parsed.value);
}

const watchEntry = (record: LogRecord, event: WatchEvent): ChunkEntry => ({
  kind: "watch",
  record,
  streamEventId: streamEventId(event),
  interaction: effectiveInteraction(event, event.serverReceivedTsMs),
});

const impressionEntry = (record: LogRecord, event: ImpressionEvent): ChunkEntry => ({
  kind: "impression",
  record,
  streamEventId: streamEventId(event),
  items: event.items.map(({ itemId, position }) => ({ itemId, position })),
});

/** An entry that goes to the dead letters at once; `retryCount` 1 is the first and only try. */
function deadLetter(
  record: LogRecord,
  errorClass: ErrorClass,
  errorText: string,
  eventId: string | null,
): ChunkEntry {
  return { kind: "dead", record, letter: { record, errorClass, errorText, retryCount: 1, eventId } };
}

type Undecodable = { readonly errorClass: "not_json" | "not_object"; readonly text: string };

function decode(bytes: Uint8Array | null): Result<Readonly<Record<string, unknown>>, Undecodable> {
  if (bytes === null || bytes.length === 0)
    return err({ errorClass: "not_json", text: "the value is empty" });
  const text = utf8(bytes);
  if (text === null) return err({ errorClass: "not_json", text: "the value is not UTF-8" });
  const parsed = parseJson(text);
  if (!parsed.ok) return err({ errorClass: "not_json", text: parsed.error });
  if (!isObject(parsed.value))
    return err({ errorClass: "not_object", text: "the value is not a JSON object" });
  return ok(parsed.value);
}

/** Null when the bytes are not UTF-8. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // The decoder's only way of saying so.
  }
}

/** A type that no topic of this build carries, as against a known type in the wrong topic. */
function isForeignType(value: Readonly<Record<string, unknown>>): boolean {
  const type = value["event_type"];
  return typeof type === "string" && type !== "watch" && type !== "impression";
}

function eventIdOf(value: Readonly<Record<string, unknown>>): string | null {
  const id = value["event_id"];
  return typeof id === "string" ? id : null;
}

const issuesText = (issues: readonly Issue[]) =>
  issues
    .slice(0, MAX_ISSUES_TOLD)
    .map(({ loc, msg }) => `${loc.join(".")}: ${msg}`)
    .join("; ");
