/** Shows how far an import is: a bar on a terminal, nothing where nobody watches. */

import { statSync } from "node:fs";
import { SingleBar } from "cli-progress";
import type { ImportCounts } from "./import-run.ts";

export interface ProgressBar extends Disposable {
  readonly update: (bytesRead: number, counts: ImportCounts) => void;
}

export function showProgress(label: string, file: string): ProgressBar {
  if (!process.stderr.isTTY) return { update() {}, [Symbol.dispose]() {} };
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}% | {inserted} new, {duplicates} known, {rejected} refused | {eta_formatted}`,
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(Math.max(statSync(file).size, 1), 0, { inserted: 0, duplicates: 0, rejected: 0 });
  return {
    update: (bytesRead, { inserted, duplicates, rejected }) =>
      bar.update(bytesRead, { inserted, duplicates, rejected }),
    [Symbol.dispose]: () => bar.stop(),
  };
}
