/** Reads CSV with a header line (RFC 4180): records may span lines, and a bad one is told apart from its neighbours. */

import { parseJson } from "../../core/json.ts";
import { CsvRecord } from "./csv-record.ts";
import { MAX_RECORD_BYTES, readLines } from "./lines.ts";
import { type Renames, SourceError, type SourceRecord } from "./sources.ts";

/** Fields that are no scalars: their cells hold JSON. */
const JSON_FIELDS: ReadonlySet<string> = new Set(["items", "context", "attributes"]);

export interface CsvOptions {
  readonly renames: Renames;
  /** Fields a file without which holds nothing that could be imported. */
  readonly required: readonly string[];
}

interface CsvLines {
  readonly line: number;
  readonly lastLine: number;
  readonly bytesRead: number;
  readonly content: { readonly cells: readonly string[] } | { readonly problem: string };
  readonly text: string;
}

/** Empty cells count as absent, blank lines are skipped. Throws SourceError when the header is no good. */
export async function* readCsv(
  bytes: AsyncIterable<Buffer>,
  options: CsvOptions,
): AsyncGenerator<SourceRecord> {
  let header: readonly string[] | null = null;
  for await (const { line, lastLine, bytesRead, content, text } of readRecords(bytes)) {
    if (header === null) {
      header = readHeader(content, options);
      continue;
    }
    const place = { line, bytesRead };
    const problem = "problem" in content ? content.problem : countProblem(content.cells, header);
    if (problem !== null) {
      const lines = lastLine > line ? ` (lines ${line} to ${lastLine})` : "";
      yield { kind: "problem", ...place, problem: problem + lines, raw: text };
    } else if ("cells" in content) {
      yield { kind: "fields", ...place, fields: readFields(header, content.cells) };
    }
  }
  if (header === null) throw new SourceError("no header line");
}

function readHeader(content: CsvLines["content"], { renames, required }: CsvOptions) {
  if ("problem" in content) throw new SourceError(`bad header line: ${content.problem}`);
  const names = content.cells.map((name) => renames.get(name) ?? name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new SourceError(`two columns ${JSON.stringify(twice)}`);
  const missing = required.find((name) => !names.includes(name));
  if (missing !== undefined) {
    const given = content.cells.join(",").slice(0, 200);
    throw new SourceError(`no column ${missing}; the header line is: ${given}`);
  }
  return names;
}

const countProblem = (cells: readonly string[], header: readonly string[]) =>
  cells.length === header.length ? null : `${cells.length} cells, the header has ${header.length}`;

function readFields(header: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const given = header.flatMap((name, index) => {
    const cell = cells[index] ?? "";
    return cell === "" ? [] : [[name, JSON_FIELDS.has(name) ? jsonOr(cell) : cell] as const];
  });
  return Object.fromEntries(given);
}

/** A cell that is no JSON stays text, which the rules of the field then refuse. */
function jsonOr(cell: string): unknown {
  const parsed = parseJson(cell);
  return parsed.ok ? parsed.value : cell;
}

async function* readRecords(bytes: AsyncIterable<Buffer>): AsyncGenerator<CsvLines> {
  let record = new CsvRecord();
  let end = { line: 0, bytesRead: 0 };
  const complete = (content: CsvLines["content"]) => {
    const { line, text } = record;
    record = new CsvRecord();
    return { line, text, lastLine: end.line, bytesRead: end.bytesRead, content };
  };
  for await (const { text, ...place } of readLines(bytes)) {
    if (text?.trim() === "" && !record.isOpen) continue;
    end = place;
    if (text === null) {
      record.begin(place.line);
      yield complete({ problem: `not UTF-8, or longer than ${MAX_RECORD_BYTES} bytes` });
      continue;
    }
    const problem = record.add(text, place.line);
    if (problem !== null) yield complete({ problem });
    else if (!record.isOpen) yield complete({ cells: record.cells });
    else if (record.text.length > MAX_RECORD_BYTES)
      yield complete({ problem: "a quoted cell that does not end" });
  }
  if (record.isOpen) yield complete({ problem: "a quoted cell that does not end" });
}
