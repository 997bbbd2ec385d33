/** CPU time of whole process trees, those that have ended and were waited for included. */

import { readdirSync, readFileSync } from "node:fs";

/** The kernel tells CPU time in ticks of 10 ms. */
const TICK_MS = 10;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly cpuMs: number;
}

/** In ms so far: of `root` and everything below it. */
export function treeCpuMs(root: number): number {
  const processes = readProcesses();
  return below(processes, root).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

/** In ms so far: of the processes of this name below this one, such as `java`. */
export function namedCpuMs(name: string): number {
  return below(readProcesses(), process.pid)
    .filter((each) => each.name === name)
    .reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

function below(processes: readonly Process[], root: number): readonly Process[] {
  const own = processes.filter(({ pid }) => pid === root);
  const children = processes.filter(({ parent }) => parent === root);
  return [...own, ...children.flatMap(({ pid }) => below(processes, pid))];
}

function readProcesses(): readonly Process[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        return [parse(Number(entry), readFileSync(`/proc/${entry}/stat`, "utf8"))];
      } catch {
        return []; // It has ended.
      }
    });
}

function parse(pid: number, stat: string): Process {
  const nameEnd = stat.lastIndexOf(")");
  const fields = stat.slice(nameEnd + 2).split(" ");
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  return {
    pid,
    parent: Number(fields[1]),
    name: stat.slice(stat.indexOf("(") + 1, nameEnd),
    cpuMs: ticks * TICK_MS,
  };
}
