/** `runtime.json` in the data folder: how other commands find the tree that runs here. */

import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "../config/config.ts";
import type { ChildStatus } from "../supervisor/actor.ts";

export interface RuntimeInfo {
  readonly version: string;
  readonly pid: number;
  readonly roles: readonly Role[];
  /** Address of the API, when this tree runs it. */
  readonly http: { readonly host: string; readonly port: number } | null;
  /** Port of the embedded server, when this tree owns it. */
  readonly storePort: number | null;
  /** The children when one of them last changed its state. */
  readonly actors: readonly ChildStatus[];
}

const pathIn = (dataDir: string) => join(dataDir, "runtime.json");

export function writeRuntimeFile(dataDir: string, info: RuntimeInfo): void {
  const draft = `${pathIn(dataDir)}.part`;
  writeFileSync(draft, `${JSON.stringify(info)}\n`, { mode: 0o600 });
  renameSync(draft, pathIn(dataDir));
}

export function removeRuntimeFile(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

/** The running tree of this data folder, or null: a file whose process is gone counts as none. */
export function readRuntimeFile(dataDir: string): RuntimeInfo | null {
  let text: string;
  try {
    text = readFileSync(pathIn(dataDir), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const info = JSON.parse(text) as RuntimeInfo;
  return isRunning(info.pid) ? info : null;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
