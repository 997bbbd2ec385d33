/** Stops and continues all processes of a test's own server, as a hung machine would. */

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
export function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const pairs = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}
