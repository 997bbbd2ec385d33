/** Finds the processes that a fault strikes; only what the run's own trees started is ever found. */

import { join } from "node:path";
import type { Random } from "../../core/random.ts";
import { clusterFolder } from "../../stores/postgres/embedded-folder.ts";
import {
  childrenOf,
  commandLineOf,
  identify,
  type ProcessIdentity,
  readIfPresent,
} from "../../stores/postgres/process-identity.ts";
import { readRuntimeFile } from "../runtime-file.ts";
import type { Cluster, TreeName } from "./cluster.ts";
import type { Target } from "./fault-plan.ts";

/** The processes of a target, parents first; none while it is down. */
export function victimsOf(cluster: Cluster, target: Target, random: Random): readonly ProcessIdentity[] {
  if (target === "postgres") {
    const server = postmaster(cluster);
    return server === null ? [] : identified([server, ...childrenOf(server)]);
  }
  if (target === "backend") {
    const server = postmaster(cluster);
    const backends = server === null ? [] : childrenOf(server).filter(servesClient);
    return identified(backends.slice(Math.floor(random.next() * backends.length)).slice(0, 1));
  }
  const [tree, actor] = target.split("/") as [TreeName, string | undefined];
  const root = cluster.pid(tree);
  if (root === null) return [];
  if (actor === undefined) return identified([root]);
  const pid = readRuntimeFile(cluster.dataDir(tree))?.actors.find(({ id }) => id === actor)?.pid ?? 0;
  // What the file says may be old: a pid that is no child of the tree is somebody else's by now.
  return childrenOf(root).includes(pid) ? identified([pid]) : [];
}

/** Sends the signal unless the process is gone. */
export function strike(victim: ProcessIdentity, signal: NodeJS.Signals): void {
  if (identify(victim.pid)?.startedAt !== victim.startedAt) return;
  try {
    process.kill(victim.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

const identified = (pids: readonly number[]) =>
  pids.map(identify).filter((identity): identity is ProcessIdentity => identity !== null);

/** The server's own process: the first line of its pid file. */
function postmaster(cluster: Cluster): number | null {
  const folder = clusterFolder(cluster.dataDir("main"));
  const pid = Number(readIfPresent(join(folder, "postmaster.pid"))?.split("\n")[0]);
  return pid > 1 && commandLineOf(pid).includes(folder) ? pid : null;
}

/** PostgreSQL puts what a process is for into its command line; those of a connection name the client's address. */
const servesClient = (pid: number) => /\(\d+\)/.test(commandLineOf(pid));
