/** CPU time of processes by thread, from /proc. */

import { readdirSync, readFileSync } from "node:fs";

/** The kernel tells CPU time in ticks of 10 ms. */
const TICK_MS = 10;

interface ThreadTime {
  readonly pid: number;
  readonly name: string;
  readonly cpuMs: number;
}

export interface ThreadUse {
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly cpuMs: number;
  /** Share of one core. */
  readonly busy: number;
}

/** CPU time of all threads of these processes so far. */
export function readThreads(pids: readonly number[]): ReadonlyMap<number, ThreadTime> {
  const threads = new Map<number, ThreadTime>();
  for (const pid of pids) {
    for (const tid of tasksOf(pid)) {
      const time = readTime(pid, tid);
      if (time) threads.set(Number(tid), time);
    }
  }
  return threads;
}

/** What each thread used between two readings, the busiest first. */
export function threadUse(
  before: ReadonlyMap<number, ThreadTime>,
  after: ReadonlyMap<number, ThreadTime>,
  seconds: number,
): readonly ThreadUse[] {
  return [...after]
    .map(([tid, { pid, name, cpuMs: total }]) => {
      const cpuMs = total - (before.get(tid)?.cpuMs ?? 0);
      return { pid, tid, name, cpuMs, busy: cpuMs / 1_000 / seconds };
    })
    .filter(({ cpuMs }) => cpuMs > 0)
    .sort((a, b) => b.cpuMs - a.cpuMs);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // It has ended.
  }
}

function readTime(pid: number, tid: string): ThreadTime | null {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, "utf8");
    const nameEnd = stat.lastIndexOf(")");
    const fields = stat.slice(nameEnd + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { pid, name: stat.slice(stat.indexOf("(") + 1, nameEnd), cpuMs: ticks * TICK_MS };
  } catch {
    return null; // It has ended.
  }
}
