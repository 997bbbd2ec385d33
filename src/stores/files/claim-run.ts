/** Names a run by the time, and makes the folder of its reports: two runs at once never get the same one. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface RunFolder {
  readonly runId: string;
  readonly path: string;
}

/** The time, and when a run has that one already, the next second that is free. Throws as the file system does. */
export function claimRunFolder(reportsDir: string, nowMs: number): RunFolder {
  const metrics = join(reportsDir, "metrics");
  mkdirSync(metrics, { recursive: true });
  for (let atMs = nowMs; ; atMs += 1000) {
    const folder = { runId: runIdAt(atMs), path: join(metrics, runIdAt(atMs)) };
    if (claimed(folder.path)) return folder;
  }
}

/** Only one of two runs at once makes the folder. */
function claimed(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** UTC, e.g. `20260101_023000`. */
export function runIdAt(atMs: number): string {
  const [date = "", time = ""] = new Date(atMs).toISOString().replace(/[-:]/g, "").split("T");
  return `${date}_${time.slice(0, 6)}`;
}
