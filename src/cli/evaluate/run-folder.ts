/** Names a run and makes the folder of its report. */

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { CommandError, EXIT_USAGE } from "../exit-codes.ts";

export interface RunFolder {
  readonly runId: string;
  readonly path: string;
}

export interface RunFolderOptions {
  /** Given by the caller; its folder may be there already. */
  readonly runId: string | undefined;
  /** Takes the place of the run's own folder. */
  readonly output: string | undefined;
  readonly reportsDir: string;
  readonly nowMs: number;
}

export const RUN_ID = /^\d{8}_\d{6}$/;

/** Without a given id: the time, and when a run has that one already, the next second that is free. */
export function makeRunFolder({ runId, output, reportsDir, nowMs }: RunFolderOptions): RunFolder {
  if (runId !== undefined && !RUN_ID.test(runId)) {
    throw new CommandError(EXIT_USAGE, `--run-id must look like 20260101_023000, not ${runId}`);
  }
  if (output !== undefined) return made(runId ?? runIdAt(nowMs), resolve(output));
  const metrics = join(reportsDir, "metrics");
  if (runId !== undefined) return made(runId, join(metrics, runId));
  mkdirSync(metrics, { recursive: true });
  for (let atMs = nowMs; ; atMs += 1000) {
    const folder = { runId: runIdAt(atMs), path: join(metrics, runIdAt(atMs)) };
    if (claimed(folder.path)) return folder;
  }
}

function made(runId: string, path: string): RunFolder {
  mkdirSync(path, { recursive: true });
  return { runId, path };
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
function runIdAt(atMs: number): string {
  const [date = "", time = ""] = new Date(atMs).toISOString().replace(/[-:]/g, "").split("T");
  return `${date}_${time.slice(0, 6)}`;
}
