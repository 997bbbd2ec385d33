/** The one way a JSON value becomes a parameter. */

import type { Connection, Transaction } from "./pool-types.ts";

/**
 * `value` as `jsonb` inside a statement: `insert into t (doc) values (${jsonb(sql, doc)})`; null is SQL null.
 * By way of text, because the driver encodes once more what it binds to a JSON type, which turns a string such as
 * "x" into the string "\"x\"". Columns of rows go as text too: `unnest(${textArray(texts)}::text[])`, then `::jsonb`.
 */
export function jsonb(sql: Connection | Transaction, value: unknown) {
  return jsonbText(sql, value === null || value === undefined ? null : JSON.stringify(value));
}

/** As `jsonb`, for a value that is JSON text already. */
export function jsonbText(sql: Connection | Transaction, text: string | null) {
  return sql`${text}::text::jsonb`;
}
