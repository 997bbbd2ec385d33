/** Finds the processes that a test's data folder has: every child of the tree, and its PostgreSQL. */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Process id and the beginning of the command line of each. */
export function processesOf(dataDir: string): string[] {
  return pidsOf(dataDir).map((pid) => `${pid} ${commandOf(pid).slice(0, 120)}`);
}

export function pidsOf(dataDir: string): number[] {
  const pids = [...new Bun.Glob("[0-9]*").scanSync({ cwd: "/proc", onlyFiles: false })].map(Number);
  return pids.filter((pid) => belongsTo(pid, dataDir));
}

function belongsTo(pid: number, dataDir: string): boolean {
  try {
    if (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] === "Z") return false;
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    // Also of trees whose folders lie below.
    const owns = ["\0", "/"].some((end) => environment.includes(`RECO_DATA_DIR=${dataDir}${end}`));
    return owns || commandOf(pid).includes(dataDir);
  } catch {
    return false; // It ended while it was being looked at, or belongs to another user.
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "has ended";
  }
}

/** Every file that a process has mapped or open, its program and the folder it works in. */
export function filesOf(pid: number): string[] {
  const folder = `/proc/${pid}`;
  const links = ["exe", "cwd", ...readdirSync(join(folder, "fd")).map((name) => `fd/${name}`)];
  const mapped = readFileSync(join(folder, "maps"), "utf8").matchAll(/ (\/.*)$/gm);
  return [
    ...links.map((name) => readlinkOrNone(join(folder, name))),
    ...[...mapped].map(([, path]) => path ?? ""),
  ];
}

function readlinkOrNone(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // Closed meanwhile.
  }
}
