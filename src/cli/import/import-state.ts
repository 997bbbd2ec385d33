/** What a running import holds: the records since the last flush, the counts, and the place it has reached. */

import { StoreDataError } from "../../core/errors.ts";
import type { ImportCounts, ImportResult, ImportRun, RowStore } from "./import-run.ts";
import type { Fields, SourceRecord } from "./sources.ts";

interface Entry<Row> {
  readonly line: number;
  readonly fields: Fields;
  readonly row: Row;
}

export class ImportState<Row> {
  readonly counts: ImportCounts = { read: 0, inserted: 0, duplicates: 0, rejected: 0, resumed: 0 };
  firstReject: ImportResult["firstReject"] = null;
  /** Records taken since the last flush, refused ones included. */
  pending = 0;
  readonly #run: ImportRun<Row>;
  #chunk: Entry<Row>[] = [];
  #line = 0;
  #bytesRead = 0;
  #lastKey: string | null = null;

  constructor(run: ImportRun<Row>) {
    this.#run = run;
  }

  /** True when the run has to end because of a refused record. */
  get isRefused(): boolean {
    return this.firstReject !== null && !this.#run.continueOnError;
  }

  /** The line after which this run begins; 0 when there is nothing to continue. */
  async resume(): Promise<number> {
    const { target, rejects } = this.#run;
    const saved = target?.checkpoint.load();
    const held = saved && (saved.lastKey === null || (await target?.rows.holds(saved.lastKey)));
    if (!saved || !held || !rejects.resume(saved.rejectsBytes)) {
      rejects.resume(0);
      return 0;
    }
    this.counts.rejected = saved.rejected;
    this.#lastKey = saved.lastKey;
    return saved.line;
  }

  take(record: SourceRecord): void {
    const { line } = record;
    this.pending++;
    this.#line = line;
    this.#bytesRead = record.bytesRead;
    if (record.kind === "problem") {
      this.#reject(line, record.problem, record.raw);
      return;
    }
    const { fields } = record;
    const parsed = this.#run.parse(fields);
    if (parsed.ok) this.#chunk.push({ line, fields, row: parsed.value });
    else this.#reject(line, parsed.error, fields);
  }

  /** Stores what is pending and moves the checkpoint behind it, but never past a record that ends the run. */
  async flush(): Promise<void> {
    const { target, rejects, onProgress } = this.#run;
    const chunk = this.#chunk;
    this.#chunk = [];
    this.pending = 0;
    if (target) {
      await this.#store(chunk, target.rows);
      const { rejected } = this.counts;
      const progress = { line: this.#line, rejected, rejectsBytes: rejects.bytes, lastKey: this.#lastKey };
      if (!this.isRefused && this.#line > 0) target.checkpoint.save(progress);
    }
    onProgress(this.#bytesRead, this.counts);
  }

  /** Rows that the store refuses as data are found by halving, so that one of them costs no other its place. */
  async #store(chunk: readonly Entry<Row>[], rows: RowStore<Row>): Promise<void> {
    const [first, last] = [chunk[0], chunk.at(-1)];
    if (first === undefined || last === undefined) return;
    try {
      const { inserted, duplicates } = await rows.store(chunk.map(({ row }) => row));
      this.counts.inserted += inserted;
      this.counts.duplicates += duplicates;
      this.#lastKey = rows.keyOf(last.row);
    } catch (error) {
      if (!(error instanceof StoreDataError)) throw error;
      if (first === last) return this.#reject(first.line, error.message, first.fields);
      const middle = Math.ceil(chunk.length / 2);
      await this.#store(chunk.slice(0, middle), rows);
      await this.#store(chunk.slice(middle), rows);
    }
  }

  #reject(line: number, reason: string, record: unknown): void {
    this.counts.rejected++;
    this.firstReject ??= { line, reason };
    this.#run.rejects.add(line, reason, record);
  }
}
