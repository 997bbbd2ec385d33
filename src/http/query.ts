/** Reads a query string in one pass, without building a map of it. */

import type { Field } from "../events/field.ts";
import { type Issue, issue, type Loc, under, valueError } from "../events/issue.ts";

/** The undecoded query string of an absolute URL, without `?`. */
export function queryOf(url: string): string {
  const start = url.indexOf("?");
  if (start === -1) return "";
  const end = url.indexOf("#");
  if (end === -1) return url.slice(start + 1);
  return end < start ? "" : url.slice(start + 1, end);
}

/**
 * Calls `visit` for each parameter in order, decoded once. The value is null when its percent-encoding is
 * not UTF-8: decoded leniently, two different ids could become one. Names that cannot be decoded are skipped.
 */
export function eachParameter(query: string, visit: (name: string, value: string | null) => void): void {
  let start = 0;
  while (start < query.length) {
    let end = query.indexOf("&", start);
    if (end === -1) end = query.length;
    const equals = query.indexOf("=", start);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    const name = decode(query.slice(start, nameEnd));
    if (name !== null && name !== "")
      visit(name, nameEnd === end ? "" : decode(query.slice(nameEnd + 1, end)));
    start = end + 1;
  }
}

/** Reads known parameters with the fields that bodies use too, and keeps every issue. */
export class QueryReader {
  readonly issues: Issue[] = [];

  /** Undefined when the parameter is absent or wrong; an issue says which. */
  required<T>(name: string, given: Given, field: Field<T>): T | undefined {
    if (given === undefined) this.refuse([name], issue("missing", "Field required", null));
    return this.optional(name, given, field);
  }

  /** Undefined when the parameter is absent or wrong; only a wrong one makes an issue. */
  optional<T>(place: string | Loc, given: Given, field: Field<T>): T | undefined {
    if (given === undefined) return undefined;
    const loc = typeof place === "string" ? [place] : place;
    if (given === null) {
      this.refuse(loc, valueError("must be percent-encoded UTF-8", null));
      return undefined;
    }
    const parsed = field.read(given, null);
    if (parsed.ok) return parsed.value;
    this.issues.push(...under(["query", ...loc], parsed.error));
    return undefined;
  }

  refuse(loc: Loc, found: Issue): void {
    this.issues.push(...under(["query", ...loc], [found]));
  }
}

/** Undefined: not sent. Null: sent in an encoding that is none. */
type Given = string | null | undefined;

const ENCODED = /[%+]/;

function decode(text: string): string | null {
  if (!ENCODED.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null; // The caller knows the name to complain about.
  }
}
