/** PostgreSQL array literals as text: one parameter carries a column of rows to `unnest`. */

/**
 * Literal of a `text[]`; nulls stay null. Bind it as `${textArray(ids)}::text[]`.
 * Written as text so that no type lookup per connection is needed, and so that JSON texts arrive unencoded.
 */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? "null" : `"${value.replace(/["\\]/g, "\\$&")}"`)).join(",")}}`;
}

/** Literal of a number or boolean array: bind it as `${numberArray(times)}::bigint[]`. */
export function numberArray(values: readonly (number | bigint | boolean | null)[]): string {
  return `{${values.map((value) => (value === null ? "null" : String(value))).join(",")}}`;
}
