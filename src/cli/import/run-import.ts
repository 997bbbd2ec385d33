/** Carries the records of one file into the store: chunk by chunk, resumable, with rejects on the side. */

import type { ImportResult, ImportRun } from "./import-run.ts";
import { ImportState } from "./import-state.ts";

/** Ends when the file does, at a refused record without `continueOnError`, or when aborted; what is stored stays. */
export async function runImport<Row>(run: ImportRun<Row>): Promise<ImportResult> {
  const state = new ImportState(run);
  const resumeAfter = await state.resume();
  for await (const record of run.records) {
    state.counts.read++;
    if (record.line <= resumeAfter) {
      state.counts.resumed++;
      continue;
    }
    state.take(record);
    if (state.pending >= run.chunkSize) await state.flush();
    if (state.isRefused || run.signal.aborted) break;
  }
  await state.flush();
  const { counts, firstReject } = state;
  const end = state.isRefused ? "refused" : run.signal.aborted ? "interrupted" : "finished";
  if (end === "finished") run.target?.checkpoint.clear();
  return { counts, end, firstReject };
}
