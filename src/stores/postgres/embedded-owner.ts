/** Makes one process the owner of the embedded server's data folder, and clears away what a dead owner left. */

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { EmbeddedServerError } from "./embedded-errors.ts";
import { commandLineOf, identify, isAlive, type ProcessIdentity, readIfPresent } from "./process-identity.ts";

const POLL_MS = 20;
const KILL_WAIT_MS = 5_000;
const CLAIM_ATTEMPTS = 5;

const lockPath = (dataDir: string) => join(dataDir, "postgres-owner.json");

/** The live process that owns the folder; null when nobody does. */
export function liveOwner(dataDir: string): ProcessIdentity | null {
  const owner = parseOwner(readIfPresent(lockPath(dataDir)));
  return owner && isAlive(owner) ? owner : null;
}

function parseOwner(text: string | null): ProcessIdentity | null {
  const match = text?.match(/^\{"pid":(\d+),"startedAt":"([^"]*)"\}$/);
  return match ? { pid: Number(match[1]), startedAt: match[2] ?? "" } : null;
}

/** Makes this process the owner. Throws EmbeddedServerError `in_use` while another live process is. */
export function claimFolder(dataDir: string): { release(): void } {
  const path = lockPath(dataDir);
  const self = JSON.stringify(identify(process.pid));
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
    if (createWhole(path, self)) {
      return { release: () => readIfPresent(path) === self && rmSync(path, { force: true }) };
    }
    const held = readIfPresent(path);
    const owner = parseOwner(held);
    if (owner && isAlive(owner)) throw inUse(dataDir, owner);
    if (held !== null) removeStale(path, held);
  }
  throw new EmbeddedServerError("in_use", `other processes are starting on ${dataDir}`);
}

export function inUse(dataDir: string, owner: ProcessIdentity): EmbeddedServerError {
  return new EmbeddedServerError("in_use", `process ${owner.pid} already runs on ${dataDir}`);
}

/** Creates the file with its content in one step; false when it exists. */
function createWhole(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o644 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Two processes may find the same stale file; the one that would take away the other's new file puts it back. */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (readFileSync(aside, "utf8") !== stale) linkSync(aside, path);
  rmSync(aside, { force: true });
}

/** Stops a server that a dead owner left running on `folder`, and removes a lock file that names no server. */
export async function stopLeftover(folder: string, clock: Clock): Promise<void> {
  const pidFile = join(folder, "postmaster.pid");
  const pid = Number(readIfPresent(pidFile)?.split("\n")[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const server = identify(pid);
  if (server && commandLineOf(pid).includes(`-D ${folder} `)) {
    await endServer(server, { fastMs: KILL_WAIT_MS, clock });
  }
  rmSync(pidFile, { force: true });
}

/** Fast shutdown; after `fastMs` immediate shutdown; at last SIGKILL. Resolves when the process is gone. */
export async function endServer(
  server: ProcessIdentity,
  options: { fastMs: number; clock: Clock },
): Promise<void> {
  const steps = [
    ["SIGINT", options.fastMs],
    ["SIGQUIT", KILL_WAIT_MS],
    ["SIGKILL", KILL_WAIT_MS],
  ] as const;
  for (const [signal, waitMs] of steps) {
    sendSignal(server, signal);
    if (await goneWithin(server, waitMs, options.clock)) return;
  }
  throw new EmbeddedServerError("start_failed", `PostgreSQL process ${server.pid} survives SIGKILL`);
}

export function sendSignal(server: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(server)) return;
  try {
    process.kill(server.pid, signal);
    // A stopped process takes no signal but SIGKILL.
    process.kill(server.pid, "SIGCONT");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function goneWithin(server: ProcessIdentity, waitMs: number, clock: Clock): Promise<boolean> {
  const deadline = Deadline.after(waitMs, clock);
  while (isAlive(server)) {
    if (deadline.remainingMs() === 0) return false;
    await clock.sleep(POLL_MS);
  }
  return true;
}
