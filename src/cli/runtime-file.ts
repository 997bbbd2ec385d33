/** `runtime.json` in the data folder: how other commands find the tree that runs here. */

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "../config/config.ts";
import { asError } from "../core/errors.ts";
import { identify, isAlive, readIfPresent } from "../stores/postgres/process-identity.ts";
import type { ChildStatus } from "../supervisor/actor.ts";
import { CommandError, EXIT_FAILED } from "./exit-codes.ts";

export interface RuntimeInfo {
  readonly version: string;
  readonly pid: number;
  readonly roles: readonly Role[];
  /** Address of the API, when this tree runs it. */
  readonly http: { readonly host: string; readonly port: number } | null;
  /** Address of the listener for metrics and liveness. */
  readonly metrics: { readonly host: string; readonly port: number };
  /** Port of the embedded server, when this tree owns it. */
  readonly storePort: number | null;
  /** The children when one of them last changed its state. */
  readonly actors: readonly ChildStatus[];
  /** When that was, in ms since the Unix epoch. */
  readonly writtenAtMs: number;
}

/** A pid alone may long belong to another process, above all in a container. */
interface StoredInfo extends RuntimeInfo {
  readonly startedAt: string;
}

const pathIn = (dataDir: string) => join(dataDir, "runtime.json");

/** Of two trees on one folder the first one keeps the file: the other is about to be refused, or shares only the folder. */
export function writeRuntimeFile(dataDir: string, info: RuntimeInfo): void {
  if (isAnothers(dataDir, info.pid)) return;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${pathIn(dataDir)}.part`;
  const stored: StoredInfo = { ...info, startedAt: identify(info.pid)?.startedAt ?? "" };
  writeFileSync(draft, `${JSON.stringify(stored)}\n`, { mode: 0o600 });
  renameSync(draft, pathIn(dataDir));
}

/** Removes the file unless another running tree wrote it. */
export function removeRuntimeFile(dataDir: string, pid: number): void {
  if (!isAnothers(dataDir, pid)) rmSync(pathIn(dataDir), { force: true });
}

/** The running tree of this data folder, or null: a file whose process is gone counts as none. Throws CommandError. */
export function readRuntimeFile(dataDir: string): RuntimeInfo | null {
  try {
    return readLive(dataDir);
  } catch (cause) {
    // Another user's folder, above all.
    const message = `cannot tell what runs on ${dataDir}: ${asError(cause).message}`;
    throw new CommandError(EXIT_FAILED, message, { cause });
  }
}

function readLive(dataDir: string): RuntimeInfo | null {
  const text = readIfPresent(pathIn(dataDir));
  if (text === null) return null;
  const { startedAt, ...info } = JSON.parse(text) as StoredInfo;
  return isAlive({ pid: info.pid, startedAt }) ? info : null;
}

function isAnothers(dataDir: string, pid: number): boolean {
  try {
    const live = readLive(dataDir);
    return live !== null && live.pid !== pid;
  } catch {
    return false; // What nobody can read helps nobody: it is replaced.
  }
}
