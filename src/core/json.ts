/** JSON with limits in, canonical JSON out. */

import { err, ok, type Result } from "./result.ts";

export const JSON_MAX_DEPTH = 16;

/**
 * Parses JSON text nested at most `JSON_MAX_DEPTH` deep.
 * Depth is counted before parsing, because the runtime's parser blocks on millions of nested arrays.
 */
export function parseJson(text: string): Result<unknown, string> {
  if (exceedsDepth(text)) return err(`nesting deeper than ${JSON_MAX_DEPTH}`);
  try {
    return ok(JSON.parse(text));
  } catch {
    return err("not valid JSON");
  }
}

function exceedsDepth(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > JSON_MAX_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
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
