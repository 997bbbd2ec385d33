/** Decides as whom PostgreSQL runs, because it refuses to run as root. */

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lchownSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { EmbeddedServerError } from "./embedded-errors.ts";

export type RunAs =
  | { readonly kind: "self" }
  /** Root, seen as `uid` inside a user namespace: file access stays root's. */
  | { readonly kind: "namespace"; readonly uid: number }
  | { readonly kind: "user"; readonly uid: number; readonly gid: number };

const PROBE_TIMEOUT_MS = 2_000;
const NOBODY = { uid: 65_534, gid: 65_534 };

export function chooseRunAs(isRoot = process.getuid?.() === 0): RunAs {
  if (!isRoot) return { kind: "self" };
  const nobody = nobodyOf(existsSync("/etc/passwd") ? readFileSync("/etc/passwd", "utf8") : "");
  const probe = spawnSync("unshare", ["--user", `--map-user=${nobody.uid}`, "true"], {
    stdio: "ignore",
    timeout: PROBE_TIMEOUT_MS,
  });
  return probe.status === 0 ? { kind: "namespace", uid: nobody.uid } : { kind: "user", ...nobody };
}

// initdb looks its own uid up and fails for one without an entry.
function nobodyOf(passwd: string): { uid: number; gid: number } {
  const fields = passwd
    .split("\n")
    .find((line) => line.startsWith("nobody:"))
    ?.split(":");
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : NOBODY;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * The command line that runs `file` as decided. With `endWithParent` the kernel sends it SIGINT (PostgreSQL's
 * fast shutdown) when its parent dies in whatever way; only Linux with `setpriv` can do that.
 */
export function commandAs(
  runAs: RunAs,
  file: string,
  args: readonly string[],
  endWithParent: boolean,
): Command {
  let words = [file, ...args];
  // Innermost: a change of credentials clears the parent-death signal.
  if (endWithParent && hasSetpriv()) words = ["setpriv", "--pdeathsig", "INT", ...words];
  if (runAs.kind === "namespace") words = ["unshare", "--user", `--map-user=${runAs.uid}`, ...words];
  const [first = file, ...rest] = words;
  return runAs.kind === "user"
    ? { file: first, args: rest, uid: runAs.uid, gid: runAs.gid }
    : { file: first, args: rest };
}

function hasSetpriv(): boolean {
  return ["/usr/bin/setpriv", "/bin/setpriv"].some((path) => existsSync(path));
}

/** Throws, naming the first folder from the root down that the server's uid cannot enter; a missing one is not judged. */
export function assertReachable(runAs: RunAs, path: string): void {
  if (runAs.kind !== "user") return;
  for (const folder of ancestors(path)) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (!stat || mayEnter(stat, runAs)) continue;
    const message = `PostgreSQL would run as uid ${runAs.uid}, which cannot enter the folder ${folder}`;
    throw new EmbeddedServerError("unreachable_folder", message);
  }
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...ancestors(parent), path];
}

function mayEnter(
  stat: { mode: number; uid: number; gid: number },
  user: { uid: number; gid: number },
): boolean {
  if (stat.uid === user.uid) return (stat.mode & 0o100) !== 0;
  if (stat.gid === user.gid) return (stat.mode & 0o010) !== 0;
  return (stat.mode & 0o001) !== 0;
}

/** Gives `path` and all below it to the uid that runs the server. */
export function giveTo(runAs: RunAs, path: string): void {
  if (runAs.kind !== "user") return;
  lchownSync(path, runAs.uid, runAs.gid);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) for (const name of readdirSync(path)) giveTo(runAs, join(path, name));
}

/** The data folder is closed to others, but for the way through to the server's own folder. */
export function protectFolder(runAs: RunAs, path: string): void {
  chmodSync(path, runAs.kind === "user" ? 0o711 : 0o700);
}
