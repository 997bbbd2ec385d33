/** Reads import files line by line into named fields, never holding a whole file. */

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parse } from "csv-parse";
import { parseJson } from "../../core/json.ts";

/** One record of a file: its 1-based line, and its fields or the reason why it has none. */
export type SourceRecord =
  | { readonly line: number; readonly bytesRead: number; readonly fields: Record<string, unknown> }
  | { readonly line: number; readonly bytesRead: number; readonly problem: string; readonly raw: string };

/** A record larger than this is a mistake in the file, not data. */
const MAX_RECORD_BYTES = 1_048_576;

/** CSV with a header line (RFC 4180). Empty cells count as absent. `rename` maps header names to field names. */
export async function* readCsv(
  file: string,
  rename: ReadonlyMap<string, string>,
): AsyncGenerator<SourceRecord> {
  const input = createReadStream(file);
  const parser = input.pipe(
    parse({
      bom: true,
      columns: (header: string[]) => header.map((name) => rename.get(name) ?? name),
      info: true,
      max_record_size: MAX_RECORD_BYTES,
      relax_column_count: true,
      skip_empty_lines: true,
    }),
  );
  // A read error does not travel through `pipe`; without this it would hang the loop.
  input.on("error", (error) => parser.destroy(error));
  for await (const { record, info } of parser) {
    const at = { line: info.lines as number, bytesRead: info.bytes as number };
    if (info.error) yield { ...at, problem: info.error.message, raw: JSON.stringify(record) };
    else yield { ...at, fields: withoutEmpty(record) };
  }
}

function withoutEmpty(record: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== ""));
}

/** One JSON object a line; blank lines are skipped. */
export async function* readJsonl(
  file: string,
  rename: ReadonlyMap<string, string>,
): AsyncGenerator<SourceRecord> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  let bytesRead = 0;
  for await (const text of lines) {
    line++;
    bytesRead += Buffer.byteLength(text) + 1;
    if (text.trim() === "") continue;
    const parsed = text.length > MAX_RECORD_BYTES ? null : parseJson(text);
    const at = { line, bytesRead };
    if (parsed?.ok && typeof parsed.value === "object" && parsed.value !== null && !Array.isArray(parsed.value)) {
      yield { ...at, fields: renamed(parsed.value as Record<string, unknown>, rename) };
    } else {
      const problem = parsed === null ? "record too large" : parsed.ok ? "not a JSON object" : parsed.error;
      yield { ...at, problem, raw: text.slice(0, 4096) };
    }
  }
}

function renamed(record: Record<string, unknown>, rename: ReadonlyMap<string, string>) {
  if (rename.size === 0) return record;
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [rename.get(name) ?? name, value]));
}
