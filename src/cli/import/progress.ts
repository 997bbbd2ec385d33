/** Shows how far an import is: a bar on a terminal, nothing where nobody watches. */

import { SingleBar } from "cli-progress";
import type { ImportCounts } from "./run-import.ts";

export interface Progress {
  update(bytesRead: number, totalBytes: number, counts: ImportCounts): void;
  stop(): void;
}

export function showProgress(label: string): Progress {
  if (!process.stderr.isTTY) return { update() {}, stop() {} };
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}% | {inserted} new, {duplicates} known, {rejected} refused | {eta_formatted}`,
    hideCursor: true,
    stream: process.stderr,
  });
  let started = false;
  return {
    update(bytesRead, totalBytes, { inserted, duplicates, rejected }) {
      const shown = { inserted, duplicates, rejected };
      if (!started) bar.start(Math.max(totalBytes, 1), bytesRead, shown);
      else bar.update(bytesRead, shown);
      started = true;
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
