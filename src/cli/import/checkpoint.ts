/** Remembers how far an import came, so that a broken-off run goes on where it stopped. */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Progress {
  /** Up to the record that begins on this line everything is stored, or refused and listed. */
  readonly line: number;
  readonly rejected: number;
  readonly rejectsBytes: number;
  /** Names the last row that was stored: a database that lacks it is not the one this is about. */
  readonly lastKey: string | null;
}

/** Progress over one file. It ends with the file: another size or time of change is another file. */
export class Checkpoint {
  readonly #path: string;
  readonly #fingerprint: string;

  /** `reading` says how the file is read; other columns or another kind are another import. */
  constructor(dataDir: string, file: string, reading: readonly string[]) {
    const { size, mtimeMs } = statSync(file);
    this.#fingerprint = `${size}:${mtimeMs}`;
    const name = createHash("sha256")
      .update(JSON.stringify([file, reading]))
      .digest("hex")
      .slice(0, 24);
    this.#path = join(dataDir, "tmp", `import-${name}.json`);
  }

  load(): Progress | null {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    const { fingerprint, ...progress } = JSON.parse(text) as Progress & { fingerprint: string };
    return fingerprint === this.#fingerprint ? progress : null;
  }

  save(progress: Progress): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const draft = `${this.#path}.part`;
    writeFileSync(draft, JSON.stringify({ fingerprint: this.#fingerprint, ...progress }), { mode: 0o600 });
    renameSync(draft, this.#path);
  }

  clear(): void {
    rmSync(this.#path, { force: true });
  }
}
