/** Reads objects with known members and lists with bounded length, collecting every issue. */

import { err, ok } from "../core/result.ts";
import type { Field, JsonSchema, Parsed, TimeWindow } from "./field.ts";
import { collect, type Issue, issue, refuse, under, valueError } from "./issue.ts";

const OBJECT_MAX_KEYS = 1000;

interface Member<T> {
  readonly field: Field<T>;
  readonly required: boolean;
}
type Shape = Readonly<Record<string, Member<unknown>>>;
type ObjectOf<S extends Shape> = { readonly [K in keyof S]: S[K] extends Member<infer T> ? T : never };

export const required = <T>(field: Field<T>): Member<T> => ({ field, required: true });

/** Null when left out; a given null is read like any other value. */
export const optional = <T>(field: Field<T>): Member<T | null> => ({ field, required: false });

/** Null when left out or given as null. */
export function nullable<T>(field: Field<T>): Member<T | null> {
  return {
    required: false,
    field: {
      schema: { anyOf: [field.schema, { type: "null" }] },
      read: (input, window) => (input === null ? ok(null) : field.read(input, window)),
    },
  };
}

/** An object with these members and no others. */
export function objectField<S extends Shape>(shape: S): Field<ObjectOf<S>> {
  const members = Object.entries(shape);
  const known = new Set(Object.keys(shape));
  return {
    schema: objectSchema(shape),
    read(input, window) {
      if (!isObject(input)) return refuse(valueError("must be an object", input));
      const keys = Object.keys(input);
      if (keys.length > OBJECT_MAX_KEYS) return refuse(tooLong(OBJECT_MAX_KEYS, keys.length, null));
      const value: Record<string, unknown> = {};
      const issues: Issue[] = [];
      let taken = 0;
      for (const [name, { field, required }] of members) {
        const given = input[name];
        if (given === undefined) {
          value[name] = null;
          if (required) collect(issues, under([name], [issue("missing", "Field required", input)]));
          continue;
        }
        taken++;
        const parsed = field.read(given, window);
        if (parsed.ok) value[name] = parsed.value;
        else collect(issues, under([name], parsed.error));
      }
      if (keys.length !== taken) collectExtras(input, keys, known, issues);
      return issues.length === 0 ? ok(value as ObjectOf<S>) : err(issues);
    },
  };
}

/** A list of `min` to `max` members; the members of a list of the wrong length are not read. */
export function listField<T>(
  member: Field<T>,
  { min, max }: { min: number; max: number },
): Field<readonly T[]> {
  return {
    schema: { type: "array", items: member.schema, minItems: min, maxItems: max },
    read(input, window) {
      if (!Array.isArray(input)) return refuse(valueError("must be an array", input));
      if (input.length < min) return refuse(tooShort(min, input.length, input));
      if (input.length > max) return refuse(tooLong(max, input.length, input));
      return readMembers(member, input, window);
    },
  };
}

/** `field` with a further rule over the value as a whole. */
export function refined<T, U>(field: Field<T>, refine: (value: T) => Parsed<U>): Field<U> {
  return {
    schema: field.schema,
    read(input, window) {
      const parsed = field.read(input, window);
      return parsed.ok ? refine(parsed.value) : parsed;
    },
  };
}

export function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return input !== null && typeof input === "object" && !Array.isArray(input);
}

function readMembers<T>(member: Field<T>, input: readonly unknown[], window: TimeWindow | null): Parsed<T[]> {
  const value: T[] = [];
  const issues: Issue[] = [];
  for (const [index, given] of input.entries()) {
    const parsed = member.read(given, window);
    if (parsed.ok) value.push(parsed.value);
    else if (!collect(issues, under([index], parsed.error))) break;
  }
  return issues.length === 0 ? ok(value) : err(issues);
}

function collectExtras(
  input: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  known: ReadonlySet<string>,
  issues: Issue[],
): void {
  for (const key of keys) {
    if (known.has(key)) continue;
    const extra = issue("extra_forbidden", "Extra inputs are not permitted", input[key]);
    if (!collect(issues, under([key], [extra]))) return;
  }
}

function tooLong(max: number, actual: number, input: unknown): Issue {
  const ctx = { max_length: max, actual_length: actual };
  return issue("too_long", `Should have at most ${max} members, not ${actual}`, input, ctx);
}

function tooShort(min: number, actual: number, input: unknown): Issue {
  const ctx = { min_length: min, actual_length: actual };
  return issue("too_short", `Should have at least ${min} members, not ${actual}`, input, ctx);
}

function objectSchema(shape: Shape): JsonSchema {
  const members = Object.entries(shape);
  return {
    type: "object",
    properties: Object.fromEntries(members.map(([name, member]) => [name, member.field.schema])),
    required: members.filter(([, member]) => member.required).map(([name]) => name),
    additionalProperties: false,
  };
}
