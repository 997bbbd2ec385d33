/** JSON with limits in, canonical JSON out. */

import { err, ok, type Result } from "./result.ts";

export const JSON_MAX_DEPTH = 16;
export const JSON_MAX_KEYS = 1000;

/**
 * Parses JSON text nested at most `JSON_MAX_DEPTH` deep, with at most `JSON_MAX_KEYS` keys in any one object; a key
 * given twice counts twice. Both are counted before parsing, because the runtime's parser blocks on millions of them.
 */
export function parseJson(text: string): Result<unknown, string> {
  const excess = findExcess(text);
  if (excess !== null) return err(excess);
  try {
    return ok(JSON.parse(text));
  } catch {
    return err("not valid JSON");
  }
}

function findExcess(text: string): string | null {
  const keys = new Uint32Array(JSON_MAX_DEPTH + 1);
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > JSON_MAX_DEPTH) return `nesting deeper than ${JSON_MAX_DEPTH}`;
      keys[depth] = 0;
    } else if (code === 0x5d || code === 0x7d) depth--;
    // Outside strings a colon stands behind each key and nowhere else.
    else if (code === 0x3a) {
      const count = (keys[depth] ?? 0) + 1;
      if (count > JSON_MAX_KEYS) return `more than ${JSON_MAX_KEYS} keys in one object`;
      keys[depth] = count;
    }
  }
  return null;
}

/** JSON with object keys sorted and members that are null or undefined removed: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}
