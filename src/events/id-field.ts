/** Reads ids of users, items, sessions, requests and events. */

import {
  EVENT_ID_MAX_CODE_POINTS,
  EVENT_ID_MIN_CODE_POINTS,
  type EventId,
  ID_MAX_CODE_POINTS,
  idTextProblem,
} from "../core/ids.ts";
import { ok } from "../core/result.ts";
import {
  codePoints,
  exceedsCodePoints,
  type Field,
  type Parsed,
  stringTooLong,
  stringType,
} from "./field.ts";
import { issue, refuse, valueError } from "./issue.ts";

// Most ids are plain ASCII, for which code units are code points and every text rule holds.
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** An id of 1 to 128 code points; a JSON integer of at most 2^53-1 becomes its decimal string. */
export function idField<T extends string>(): Field<T> {
  return {
    schema: {
      anyOf: [
        { type: "string", minLength: 1, maxLength: ID_MAX_CODE_POINTS },
        { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      ],
    },
    read(input) {
      const text = Number.isSafeInteger(input) ? String(input) : input;
      return readIdText<T>(text, input, 1, ID_MAX_CODE_POINTS);
    },
  };
}

/** A string only: an event id is made by the client, so it has no reason to be a number. */
export const eventIdField: Field<EventId> = {
  schema: { type: "string", minLength: EVENT_ID_MIN_CODE_POINTS, maxLength: EVENT_ID_MAX_CODE_POINTS },
  read: (input) => readIdText<EventId>(input, input, EVENT_ID_MIN_CODE_POINTS, EVENT_ID_MAX_CODE_POINTS),
};

function readIdText<T extends string>(text: unknown, input: unknown, min: number, max: number): Parsed<T> {
  if (typeof text !== "string") return refuse(stringType(input));
  if (exceedsCodePoints(text, max)) return refuse(stringTooLong(max, input));
  const plain = PRINTABLE_ASCII.test(text);
  if ((plain ? text.length : codePoints(text)) < min) {
    const msg = `String should have at least ${min} character${min === 1 ? "" : "s"}`;
    return refuse(issue("string_too_short", msg, input, { min_length: min }));
  }
  const problem = plain ? null : idTextProblem(text);
  return problem === null ? ok(text as T) : refuse(valueError(problem, input));
}
