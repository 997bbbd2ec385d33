/** Gate 9 for bodies: reads a request's JSON within the limits of type, size, time and depth. */

import { parseJson } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import { issue } from "../events/issue.ts";
import { CLIENT_CLOSED, DEADLINE_EXCEEDED, invalid, TOO_LARGE, UNSUPPORTED_TYPE } from "./errors.ts";
import type { Call, Failure } from "./route.ts";

const JSON_MEDIA_TYPE = /^application\/(?:json|[!#$&^_.+a-z0-9-]+\+json)$/;
const UTF8 = /^"?utf-?8"?$/;

/** The parsed body; nothing about its members is known yet. */
export async function readJson(call: Call, maxBodyBytes: number): Promise<Result<unknown, Failure>> {
  if (!isSupported(call.request.headers)) return err(UNSUPPORTED_TYPE);
  const bytes = await readBytes(call, maxBodyBytes);
  if (!bytes.ok) return bytes;
  const text = decodeUtf8(bytes.value);
  const parsed = text === null ? err("not valid UTF-8") : parseJson(text);
  if (parsed.ok) return parsed;
  return err(invalid([{ ...issue("json_invalid", `JSON error: ${parsed.error}`, null), loc: ["body"] }]));
}

function isSupported(headers: Request["headers"]): boolean {
  if (headers.has("content-encoding")) return false;
  const [mediaType = "", ...parameters] = (headers.get("content-type") ?? "").toLowerCase().split(";");
  if (!JSON_MEDIA_TYPE.test(mediaType.trim())) return false;
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith("charset="));
  return charset === undefined || UTF8.test(charset.slice("charset=".length));
}

async function readBytes(call: Call, maxBytes: number): Promise<Result<Uint8Array, Failure>> {
  const { request, deadline } = call;
  const stop = new AbortController();
  try {
    // The length header was checked; without one the body is measured as it comes.
    const reading = request.headers.has("content-length")
      ? request.arrayBuffer().then((buffer) => (buffer.byteLength > maxBytes ? null : new Uint8Array(buffer)))
      : readStream(request, maxBytes, stop.signal);
    const bytes = await deadline.race(reading, () => stop.abort());
    return bytes === null ? err(TOO_LARGE) : ok(bytes);
  } catch (error) {
    if (deadline.expired) return err(DEADLINE_EXCEEDED);
    if (request.signal.aborted) return err(CLIENT_CLOSED);
    throw error;
  }
}

/** Null when the body grows past `maxBytes`; what came until then is let go. */
async function readStream(
  request: Request,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (size > maxBytes || signal.aborted) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Null for bytes that are not UTF-8: decoded leniently, two different ids could become one. */
function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null; // The decoder's message names no place, so there is nothing to add.
  }
}
