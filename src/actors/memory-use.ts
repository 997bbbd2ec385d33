/** Adds up what the processes of a tree use. */

import { totalmem } from "node:os";
import type { MetricsSnapshot } from "../telemetry/metrics-types.ts";

export interface MemoryUse {
  /** Resident memory of all processes that answered; shared pages count in each. */
  readonly rss_bytes: number;
  /** Heap of the process that writes the line. */
  readonly heap_bytes: number;
  /** What the container or the machine allows. */
  readonly budget_bytes: number;
  readonly processes: Readonly<Record<string, number>>;
}

export function addUpMemory(snapshots: readonly MetricsSnapshot[]): MemoryUse {
  const processes: Record<string, number> = {};
  for (const { name, labels, values } of snapshots.flatMap(({ series }) => series)) {
    if (name !== "process_resident_memory_bytes") continue;
    const key = labels["process"] ?? "unknown";
    // Threads of one process each report it.
    processes[key] = Math.max(processes[key] ?? 0, values[0] ?? 0);
  }
  return {
    rss_bytes: Object.values(processes).reduce((sum, bytes) => sum + bytes, 0),
    heap_bytes: process.memoryUsage().heapUsed,
    budget_bytes: Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem()),
    processes,
  };
}
