/** The processes of a tree, and the memory they take. */

import { readdirSync, readFileSync } from "node:fs";

const DATABASE = "postgres";

/** `root` and all below it, without PostgreSQL. */
export function treeOf(root: number): readonly number[] {
  const children = Map.groupBy(allProcesses(), ({ parent }) => parent);
  const below = (pid: number): number[] => [
    pid,
    ...(children.get(pid) ?? []).filter(({ name }) => name !== DATABASE).flatMap((child) => below(child.pid)),
  ];
  return below(root);
}

/** Proportional set size: shared pages count in parts, so that a sum over processes counts each page once. */
export function pssMiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024;
}

function allProcesses(): { pid: number; parent: number; name: string }[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
        const nameEnd = stat.lastIndexOf(")");
        const name = stat.slice(stat.indexOf("(") + 1, nameEnd);
        return [{ pid: Number(entry), parent: Number(stat.slice(nameEnd + 2).split(" ")[1]), name }];
      } catch {
        return []; // It has ended.
      }
    });
}
