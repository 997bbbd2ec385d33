/** The id rules every room relies on, and the generators of new ids. */

import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

type Brand<Name extends string> = string & { readonly __brand: Name };
export type UserId = Brand<"UserId">;
export type ItemId = Brand<"ItemId">;
export type SessionId = Brand<"SessionId">;
export type RequestId = Brand<"RequestId">;
export type EventId = Brand<"EventId">;

export const ID_MAX_CODE_POINTS = 128;
export const ID_MAX_BYTES = 512;
export const EVENT_ID_MIN_CODE_POINTS = 8;
export const EVENT_ID_MAX_CODE_POINTS = 64;

// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is the point.
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/;

/** Why `text` cannot be an id apart from its length, or null when it can: it must round-trip exactly. */
export function idTextProblem(text: string): string | null {
  if (!text.isWellFormed()) return "must be well-formed Unicode";
  if (CONTROL_CHARACTERS.test(text)) return "must not contain control characters";
  if (text.normalize("NFC") !== text) return "must be in Unicode normalisation form C";
  if (text.length > ID_MAX_BYTES / 4 && Buffer.byteLength(text) > ID_MAX_BYTES) {
    return `must be at most ${ID_MAX_BYTES} bytes in UTF-8`;
  }
  return null;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Time-ordered UUID (version 7, RFC 9562 section 5.7) as 32 lower-case hex characters. */
export function newUuidHex(clock: Clock, random: Random): string {
  const bytes = random.bytes(10);
  bytes[0] = 0x70 | ((bytes[0] ?? 0) & 0x0f);
  bytes[2] = 0x80 | ((bytes[2] ?? 0) & 0x3f);
  let hex = Math.trunc(clock.nowMs()).toString(16).padStart(12, "0");
  for (let place = 0; place < 10; place++) hex += HEX[bytes[place] as number];
  return hex;
}

/** `req_` and a time-ordered uuid. */
export const newRequestId = (clock: Clock, random: Random) => `req_${newUuidHex(clock, random)}` as RequestId;

/** 32 hex characters. */
export const newEventId = (clock: Clock, random: Random) => newUuidHex(clock, random) as EventId;
