/** Short ways to write the fragments of JSON Schema that answers consist of. */

import type { JsonSchema } from "../../events/field.ts";

export const STRING: JsonSchema = { type: "string" };
export const INTEGER: JsonSchema = { type: "integer" };
export const NUMBER: JsonSchema = { type: "number" };
export const BOOLEAN: JsonSchema = { type: "boolean" };
export const STRINGS: JsonSchema = { type: "array", items: STRING };

export const constant = (value: unknown): JsonSchema => ({ const: value });
export const oneOf = (...values: readonly string[]): JsonSchema => ({ type: "string", enum: values });
export const list = (items: JsonSchema): JsonSchema => ({ type: "array", items });
export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });
export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** An object with exactly these members; those of `optional` may be absent. */
export function object(
  required: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return {
    type: "object",
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

/** The same schema for each of these members. */
export const each = (names: readonly string[], schema: JsonSchema): Record<string, JsonSchema> =>
  Object.fromEntries(names.map((name) => [name, schema]));
