/** Carries the records of one file into the store: chunk by chunk, resumable, with rejects on the side. */

import { statSync } from "node:fs";
import type { Result } from "../../core/result.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Rejects } from "./rejects.ts";
import type { SourceRecord } from "./sources.ts";

export interface ImportCounts {
  /** Records seen, those skipped by the checkpoint included. */
  read: number;
  inserted: number;
  /** Known before, so nothing was counted twice. */
  duplicates: number;
  rejected: number;
  /** Stored by an earlier run that was broken off. */
  resumed: number;
}

/** What happens to the records of one kind. */
export interface ImportTarget<Row> {
  readonly chunkSize: number;
  /** A row, or the reason why the record is none. */
  parse(fields: Readonly<Record<string, unknown>>): Result<Row, string>;
  /** Stores rows in one transaction. Null for a dry run. */
  store: ((rows: readonly Row[]) => Promise<{ inserted: number; duplicates: number }>) | null;
}

export interface ImportRun<Row> {
  readonly file: string;
  readonly records: AsyncIterable<SourceRecord>;
  readonly target: ImportTarget<Row>;
  readonly checkpoint: Checkpoint;
  readonly rejects: Rejects;
  /** False: the first bad record ends the run. */
  readonly continueOnError: boolean;
  readonly onProgress: (bytesRead: number, totalBytes: number, counts: ImportCounts) => void;
}

/** Ends when the file does, or early at a reject without `continueOnError`; stored chunks stay stored. */
export async function runImport<Row>(run: ImportRun<Row>): Promise<ImportCounts> {
  const counts: ImportCounts = { read: 0, inserted: 0, duplicates: 0, rejected: 0, resumed: 0 };
  const totalBytes = statSync(run.file).size;
  const resumeAfterLine = run.target.store ? run.checkpoint.load() : 0;
  let chunk: Row[] = [];
  let lastLine = 0;

  const flush = async (bytesRead: number) => {
    if (chunk.length > 0 && run.target.store) {
      const { inserted, duplicates } = await run.target.store(chunk);
      counts.inserted += inserted;
      counts.duplicates += duplicates;
      run.checkpoint.save(lastLine);
    }
    chunk = [];
    run.onProgress(bytesRead, totalBytes, counts);
  };

  for await (const record of run.records) {
    counts.read++;
    if (record.line <= resumeAfterLine) {
      counts.resumed++;
      continue;
    }
    const parsed = parseRecord(record, run.target);
    if (parsed.ok) chunk.push(parsed.value);
    else {
      counts.rejected++;
      run.rejects.add(record.line, parsed.error, "fields" in record ? record.fields : record.raw);
      // The refused line stays before the checkpoint, so that a repeat refuses it again.
      if (!run.continueOnError) break;
    }
    lastLine = record.line;
    if (chunk.length >= run.target.chunkSize) await flush(record.bytesRead);
  }
  await flush(totalBytes);
  if (counts.rejected === 0 || run.continueOnError) run.checkpoint.clear();
  return counts;
}

function parseRecord<Row>(record: SourceRecord, target: ImportTarget<Row>): Result<Row, string> {
  return "fields" in record ? target.parse(record.fields) : { ok: false, error: record.problem };
}
