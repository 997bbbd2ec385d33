/** Finds the processes of a test's own server, and stops and continues them as a hung machine would. */

import { spawnSync } from "node:child_process";
import type { TestServer } from "./embedded.ts";

export function freeze(server: TestServer): void {
  // The parent first, so that it starts no process meanwhile.
  for (const pid of [server.pid, ...childrenOf(server.pid)]) process.kill(pid, "SIGSTOP");
}

export function thaw(server: TestServer): void {
  for (const pid of [...childrenOf(server.pid), server.pid]) process.kill(pid, "SIGCONT");
}

/** Process ids whose parent is `pid`. */
export const childrenOf = (pid: number) =>
  processes().flatMap(([child, parent]) => (parent === pid ? [child] : []));

/** The parent of `pid`; undefined when there is no such process. */
export const parentOf = (pid: number) => processes().find(([child]) => child === pid)?.[1];

function processes(): (readonly [pid: number, parent: number])[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const rows = stdout.trim().split("\n");
  return rows.map((row) => {
    const [pid = 0, parent = 0] = row.trim().split(/\s+/).map(Number);
    return [pid, parent];
  });
}
