/** Turns what a caller logs into the flat record of one log line. */

import { asError } from "../core/errors.ts";

/** One line's members besides time, level and message. */
export type LogRecord = Record<string, unknown>;

const ID = /^[A-Za-z0-9._:-]{1,128}$/;
/** Members the logger itself writes; a field of that name would stand in the line twice. */
const RESERVED = ["ts", "timestamp", "level", "message"];
const ID_FIELDS = ["request_id", "correlation_id", "trace_id"] as const;
/** A line stays under 4096 bytes, which a pipe takes whole however many realms write to it. */
const MAX_STACK_LENGTH = 2048;
const MAX_MESSAGE_LENGTH = 512;

/** `text` when it is a well-formed id, else `-`. */
const safeLogId = (text: unknown): string => (typeof text === "string" && ID.test(text) ? text : "-");

/** `fields` with ids made safe, reserved names moved away and a member `error` unfolded into its type, message, stack and `exc_info`. */
export function buildLogRecord(fields: LogRecord): LogRecord {
  const record = { ...fields };
  for (const field of RESERVED) {
    if (!(field in record)) continue;
    record[`field_${field}`] = record[field];
    delete record[field];
  }
  for (const field of ID_FIELDS) record[field] = safeLogId(record[field]);
  if ("error" in record) {
    const { error, ...rest } = record;
    return { ...rest, ...describeError(error) };
  }
  return record;
}

function describeError(thrown: unknown) {
  const error = isErrorLike(thrown) ? thrown : asError(thrown);
  const message = hideCredentials(error.message).slice(0, MAX_MESSAGE_LENGTH);
  return {
    error_type: error.name,
    error_message: message,
    stack: hideCredentials(error.stack ?? "").slice(0, MAX_STACK_LENGTH),
    exc_info: `${error.name}: ${message}`,
  };
}

/** An error that came from another realm is a plain object by now. */
function isErrorLike(thrown: unknown): thrown is { name: string; message: string; stack?: string | null } {
  if (typeof thrown !== "object" || thrown === null) return false;
  return (
    "name" in thrown &&
    "message" in thrown &&
    typeof thrown.name === "string" &&
    typeof thrown.message === "string"
  );
}

/** Takes user and password out of URLs, which drivers like to quote in their errors. */
const hideCredentials = (text: string): string => text.replace(/\/\/[^\s/@]+@/g, "//***@");
