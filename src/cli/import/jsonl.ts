/** Reads a file with one JSON object a line. */

import { parseJson } from "../../core/json.ts";
import { MAX_RECORD_BYTES, readLines } from "./lines.ts";
import type { Fields, Renames, SourceRecord } from "./sources.ts";

/** Blank lines are skipped. */
export async function* readJsonl(
  bytes: AsyncIterable<Buffer>,
  renames: Renames,
): AsyncGenerator<SourceRecord> {
  for await (const { text, ...place } of readLines(bytes)) {
    if (text?.trim() === "") continue;
    const parsed = text === null ? null : parseJson(text);
    if (parsed === null) {
      const problem = `not UTF-8, or longer than ${MAX_RECORD_BYTES} bytes`;
      yield { kind: "problem", ...place, problem, raw: null };
    } else if (!parsed.ok) yield { kind: "problem", ...place, problem: parsed.error, raw: text };
    else if (!isObject(parsed.value)) {
      yield { kind: "problem", ...place, problem: "not a JSON object", raw: parsed.value };
    } else yield { ...place, ...renamed(parsed.value, renames) };
  }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type Content =
  | { readonly kind: "fields"; readonly fields: Fields }
  | { readonly kind: "problem"; readonly problem: string; readonly raw: unknown };

function renamed(record: Fields, renames: Renames): Content {
  if (renames.size === 0) return { kind: "fields", fields: record };
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    const field = renames.get(name) ?? name;
    if (Object.hasOwn(fields, field))
      return { kind: "problem", problem: `${field}: given twice`, raw: record };
    Object.defineProperty(fields, field, { value, enumerable: true, writable: true, configurable: true });
  }
  return { kind: "fields", fields };
}
