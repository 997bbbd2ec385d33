/** Which runs are kept, and which ones may go. */

import type { RegistryState } from "./ports.ts";
import { SLOTS } from "./slots.ts";

/** The newest runs stay, however old. */
const KEPT_RUNS = 20;
const KEPT_DAYS = 30;
const MS_PER_DAY = 86_400_000;

/** Runs that serve, or would after a rollback. */
export const namedRuns = ({ slots, shadow }: RegistryState): ReadonlySet<string> =>
  new Set([
    ...SLOTS.flatMap((name) => [slots[name].currentRun, slots[name].previousRun]).flatMap((run) => run ?? []),
    ...(shadow ? [shadow.runId] : []),
  ]);

/** Those of `runIds` that are neither among the newest, nor named, nor younger than 30 days; the oldest first. */
export function prunable(
  runIds: readonly string[],
  named: ReadonlySet<string>,
  nowMs: number,
): readonly string[] {
  const oldestFirst = runIds.toSorted();
  const mayGo = oldestFirst.slice(0, Math.max(0, oldestFirst.length - KEPT_RUNS));
  return mayGo.filter((runId) => !named.has(runId) && startedMs(runId) < nowMs - KEPT_DAYS * MS_PER_DAY);
}

/** A run id is its time in UTC. */
function startedMs(runId: string): number {
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)_(..)(..)(..)$/.exec(runId) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
