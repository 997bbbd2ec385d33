/** What an import run is given, and what it answers. */

import type { Result } from "../../core/result.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Rejects } from "./rejects.ts";
import type { Fields, SourceRecord } from "./sources.ts";

export interface ImportCounts {
  /** Records seen, those skipped by the checkpoint included. */
  read: number;
  inserted: number;
  /** Known before: nothing was counted twice. */
  duplicates: number;
  /** Refused in this run, and before the checkpoint in the earlier one. */
  rejected: number;
  /** Handled by an earlier run that was broken off. */
  resumed: number;
}

/** Where rows are stored, and how they are known again. */
export interface RowStore<Row> {
  /** Stores rows in one transaction. Throws StoreUnavailableError, or StoreDataError when one of them is no good. */
  store(rows: readonly Row[]): Promise<{ inserted: number; duplicates: number }>;
  keyOf(row: Row): string;
  /** True when the row with this key is stored. */
  holds(key: string): Promise<boolean>;
}

export interface ImportRun<Row> {
  readonly records: AsyncIterable<SourceRecord>;
  /** A row, or the reason why the fields make none. */
  readonly parse: (fields: Fields) => Result<Row, string>;
  /** Null for a dry run, which leaves the checkpoint alone. */
  readonly target: { readonly rows: RowStore<Row>; readonly checkpoint: Checkpoint } | null;
  readonly chunkSize: number;
  readonly rejects: Rejects;
  /** False: the first refused record ends the run. */
  readonly continueOnError: boolean;
  /** Ends the run early, with all it has read stored. */
  readonly signal: AbortSignal;
  readonly onProgress: (bytesRead: number, counts: ImportCounts) => void;
}

export interface ImportResult {
  readonly counts: ImportCounts;
  readonly end: "finished" | "refused" | "interrupted";
  /** The first line this run refused. */
  readonly firstReject: { readonly line: number; readonly reason: string } | null;
}
