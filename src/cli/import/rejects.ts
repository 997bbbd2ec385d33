/** Keeps the lines an import refused, with their number and the reason, in `<file>.rejects.jsonl`. */

import { closeSync, openSync, rmSync, writeSync } from "node:fs";

export class Rejects implements Disposable {
  readonly path: string;
  #descriptor: number | null = null;
  #count = 0;

  /** `keep` goes on with the list of a run that was broken off. */
  constructor(file: string, keep: boolean) {
    this.path = `${file}.rejects.jsonl`;
    if (!keep) rmSync(this.path, { force: true });
  }

  get count(): number {
    return this.#count;
  }

  add(line: number, reason: string, record: unknown): void {
    this.#descriptor ??= openSync(this.path, "a");
    this.#count++;
    writeSync(this.#descriptor, `${JSON.stringify({ line, reason, record })}\n`);
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
