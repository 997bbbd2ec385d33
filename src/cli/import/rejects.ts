/** Keeps the lines an import refused, with their number and the reason, in `<file>.rejects.jsonl`. */

import { closeSync, openSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";

export class Rejects implements Disposable {
  readonly path: string;
  #descriptor: number | null = null;
  #bytes = 0;

  constructor(file: string) {
    this.path = `${file}.rejects.jsonl`;
  }

  /** Length of the list, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins with the first `keepBytes` of the list of an earlier run; false when that list is not there. */
  resume(keepBytes: number): boolean {
    if (keepBytes > 0) {
      const { size } = statSync(this.path, { throwIfNoEntry: false }) ?? { size: 0 };
      if (size < keepBytes) return false;
      truncateSync(this.path, keepBytes);
    } else rmSync(this.path, { force: true });
    this.#bytes = keepBytes;
    return true;
  }

  add(line: number, reason: string, record: unknown): void {
    // Readable by its owner only: refused lines name users.
    this.#descriptor ??= openSync(this.path, "a", 0o600);
    this.#bytes += writeSync(this.#descriptor, `${JSON.stringify({ line, reason, record })}\n`);
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
