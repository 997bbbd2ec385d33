/** Tells whether a process that was noted down is still the same and alive; pids are reused, above all in containers. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as the system writes it. */
  readonly startedAt: string;
}

const PS_TIMEOUT_MS = 2_000;

/** The process now running as `pid`; null when there is none. A zombie is none. */
export function identify(pid: number): ProcessIdentity | null {
  const startedAt = process.platform === "linux" ? startedAtFromProc(pid) : startedAtFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** The command line of `pid`, its words joined by spaces; empty when unknown. */
export function commandLineOf(pid: number): string {
  if (process.platform !== "linux") return ps(pid, "command=");
  return readIfPresent(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ") ?? "";
}

/** Process ids whose parent is `pid`. */
export function childrenOf(pid: number): readonly number[] {
  return parents().flatMap(([child, parent]) => (parent === pid ? [child] : []));
}

function parents(): readonly (readonly [pid: number, parent: number])[] {
  if (process.platform === "linux") {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.map((pid) => [Number(pid), Number(statFields(Number(pid))[1] ?? 0)]);
  }
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], {
    encoding: "utf8",
    timeout: PS_TIMEOUT_MS,
  });
  return (stdout ?? "").split("\n").map((row) => {
    const [pid = 0, parent = 0] = row.trim().split(/\s+/).map(Number);
    return [pid, parent];
  });
}

function startedAtFromProc(pid: number): string | null {
  const fields = statFields(pid);
  const state = fields[0];
  return state === undefined || state === "Z" || state === "X" ? null : (fields[19] ?? null);
}

/** What the system tells of `pid` behind its name: state, parent and so on; empty when it is gone. */
function statFields(pid: number): readonly string[] {
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const stat = readIfPresent(`/proc/${pid}/stat`);
  return stat === null ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function startedAtFromPs(pid: number): string | null {
  return ps(pid, "stat=").startsWith("Z") ? null : ps(pid, "lstart=") || null;
}

function ps(pid: number, column: string): string {
  const { stdout } = spawnSync("ps", ["-o", column, "-p", String(pid)], {
    encoding: "utf8",
    timeout: PS_TIMEOUT_MS,
  });
  return (stdout ?? "").trim();
}

/** The text of a file; null when it does not exist or vanishes meanwhile. */
export function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "ENOTDIR") return null;
    throw error;
  }
}
