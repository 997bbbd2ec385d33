/** Reads one scalar of a request leniently, and documents what it takes with the same limits. */

import { ok, type Result } from "../core/result.ts";
import { type Issue, issue, refuse, valueError } from "./issue.ts";

export type Parsed<T> = Result<T, readonly Issue[]>;

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** What instants are held against: the receive time and how far an event may be from it. */
export interface TimeWindow {
  readonly nowMs: number;
  readonly maxEventFutureMs: number;
  readonly maxEventAgeMs: number;
}

export interface Field<T> {
  /**
   * Never throws; locs are relative to `input`. Instants must lie in `window`; null takes any instant.
   */
  read(input: unknown, window: TimeWindow | null): Parsed<T>;
  /** Written by hand, because what is accepted is wider than the type it becomes. */
  readonly schema: JsonSchema;
}

export interface NumberLimits {
  readonly above?: number;
  readonly min?: number;
  readonly max?: number;
}

const INTEGER_TEXT = /^-?\d{1,16}$/;
const NUMBER_TEXT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const TRUE_TEXT = ["true", "1", "yes", "on", "t", "y"];
const FALSE_TEXT = ["false", "0", "no", "off", "f", "n"];

/** Patterns of JSON Schema have no flags, so both cases are spelt out. */
const anyCase = (word: string) => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);

/** JSON integer, number with zero fraction, or decimal integer string, within ±(2^53-1). */
export function intField(limits: NumberLimits): Field<number> {
  return {
    schema: {
      anyOf: [
        { type: "integer", ...limitSchema(limits) },
        { type: "string", pattern: "^-?[0-9]{1,16}$" },
      ],
    },
    read(input) {
      const value = typeof input === "string" && INTEGER_TEXT.test(input) ? Number(input) : input;
      if (typeof value !== "number" || !Number.isSafeInteger(value)) {
        return refuse(issue("int_parsing", "Input should be a valid integer", input));
      }
      return limited(value, limits, input);
    },
  };
}

/** JSON number or numeric string; never NaN or infinity. */
export function floatField(limits: NumberLimits): Field<number> {
  return {
    schema: {
      anyOf: [
        { type: "number", ...limitSchema(limits) },
        { type: "string", pattern: "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$" },
      ],
    },
    read(input) {
      const value = typeof input === "string" && NUMBER_TEXT.test(input) ? Number(input) : input;
      if (typeof value !== "number" || !Number.isFinite(value)) {
        return refuse(issue("float_parsing", "Input should be a finite number", input));
      }
      return limited(value, limits, input);
    },
  };
}

/** true, false, 1, 0, and the usual words in any case. */
export const boolField: Field<boolean> = {
  schema: {
    anyOf: [
      { type: "boolean" },
      { enum: [0, 1] },
      { type: "string", pattern: `^(${[...TRUE_TEXT, ...FALSE_TEXT].map(anyCase).join("|")})$` },
    ],
  },
  read(input) {
    const value = typeof input === "string" && input.length <= 5 ? input.toLowerCase() : input;
    if (value === true || value === 1 || TRUE_TEXT.includes(value as string)) return ok(true);
    if (value === false || value === 0 || FALSE_TEXT.includes(value as string)) return ok(false);
    return refuse(issue("bool_parsing", "Input should be a boolean", input));
  },
};

/** One of `values`, exactly. */
export function literalField<T extends string>(...values: readonly T[]): Field<T> {
  const expected = values.map((value) => `'${value}'`).join(" or ");
  return {
    schema: values.length === 1 ? { const: values[0] } : { type: "string", enum: values },
    read(input) {
      const found = values.find((value) => value === input);
      if (found !== undefined) return ok(found);
      return refuse(issue("literal_error", `Input should be ${expected}`, input, { expected }));
    },
  };
}

/** Free text of at most `max` code points that every store can hold. */
export function textField(max: number): Field<string> {
  return {
    schema: { type: "string", maxLength: max },
    read(input) {
      if (typeof input !== "string") return refuse(stringType(input));
      if (exceedsCodePoints(input, max)) return refuse(stringTooLong(max, input));
      if (input.includes("\0")) return refuse(valueError("must not contain U+0000", input));
      if (!input.isWellFormed()) return refuse(valueError("must be well-formed Unicode", input));
      return ok(input);
    },
  };
}

/** Code points, so that a character outside the basic plane counts once. */
export function codePoints(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

/** True when `text` has more than `max` code points; does not walk a text that is far longer. */
export function exceedsCodePoints(text: string, max: number): boolean {
  return text.length > max && (text.length > 2 * max || codePoints(text) > max);
}

export const stringType = (input: unknown) => issue("string_type", "Input should be a string", input);

export const stringTooLong = (max: number, input: unknown) =>
  issue("string_too_long", `String should have at most ${max} characters`, input, { max_length: max });

function limited(value: number, { above, min, max }: NumberLimits, input: unknown): Parsed<number> {
  if (above !== undefined && value <= above) {
    return refuse(issue("greater_than", `Input should be greater than ${above}`, input, { gt: above }));
  }
  if (min !== undefined && value < min) {
    return refuse(issue("greater_than_equal", `Input should be at least ${min}`, input, { ge: min }));
  }
  if (max !== undefined && value > max) {
    return refuse(issue("less_than_equal", `Input should be at most ${max}`, input, { le: max }));
  }
  return ok(value === 0 ? 0 : value); // Minus zero is written as zero, so it is zero from here on.
}

function limitSchema({ above, min, max }: NumberLimits): JsonSchema {
  return {
    ...(above === undefined ? {} : { exclusiveMinimum: above }),
    ...(min === undefined ? {} : { minimum: min }),
    ...(max === undefined ? {} : { maximum: max }),
  };
}
