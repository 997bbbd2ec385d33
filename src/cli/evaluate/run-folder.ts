/** Names a run and makes the folder of its report. */

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { RUN_ID } from "../../models/admit-run.ts";
import { claimRunFolder, type RunFolder, runIdAt } from "../../stores/files/claim-run.ts";
import { CommandError, EXIT_USAGE } from "../exit-codes.ts";

export interface RunFolderOptions {
  /** Given by the caller; its folder may be there already. */
  readonly runId: string | undefined;
  /** Takes the place of the run's own folder. */
  readonly output: string | undefined;
  readonly reportsDir: string;
  readonly nowMs: number;
}

/** Without a given id: the time, and when a run has that one already, the next second that is free. */
export function makeRunFolder({ runId, output, reportsDir, nowMs }: RunFolderOptions): RunFolder {
  checkRunId(runId);
  if (output !== undefined) return made(runId ?? runIdAt(nowMs), resolve(output));
  if (runId !== undefined) return made(runId, join(reportsDir, "metrics", runId));
  return claimRunFolder(reportsDir, nowMs);
}

/** Throws for a name that is none of a run. */
export function checkRunId(runId: string | undefined): void {
  if (runId === undefined || RUN_ID.test(runId)) return;
  throw new CommandError(EXIT_USAGE, `--run-id must look like 20260101_023000, not ${runId}`);
}

function made(runId: string, path: string): RunFolder {
  mkdirSync(path, { recursive: true });
  return { runId, path };
}
