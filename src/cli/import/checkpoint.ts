/** Remembers how far an import came, so that a broken-off run goes on where it stopped. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Lines of a file that are known to be stored. A changed file (size or time) starts from its beginning. */
export class Checkpoint {
  readonly #path: string;
  readonly #fingerprint: string;

  constructor(dataDir: string, file: string, kind: string) {
    const { size, mtimeMs } = statSync(file);
    this.#fingerprint = `${size}:${mtimeMs}`;
    const name = createHash("sha256").update(`${kind}:${resolve(file)}`).digest("hex").slice(0, 24);
    this.#path = join(dataDir, "tmp", `import-${name}.json`);
  }

  /** The last line that is stored, 0 for none. */
  load(): number {
    if (!existsSync(this.#path)) return 0;
    const saved = JSON.parse(readFileSync(this.#path, "utf8")) as { fingerprint: string; line: number };
    return saved.fingerprint === this.#fingerprint ? saved.line : 0;
  }

  save(line: number): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const draft = `${this.#path}.part`;
    writeFileSync(draft, JSON.stringify({ fingerprint: this.#fingerprint, line }));
    renameSync(draft, this.#path);
  }

  clear(): void {
    rmSync(this.#path, { force: true });
  }
}
