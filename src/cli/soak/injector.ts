/** Strikes with the planned faults in their order, and repairs what does not repair itself: a tree that is gone. */

import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import type { ProcessIdentity } from "../../stores/postgres/process-identity.ts";
import type { Cluster } from "./cluster.ts";
import type { Fault } from "./fault-plan.ts";
import { strike, victimsOf } from "./victims.ts";

const SIGNALS = { kill: "SIGKILL", terminate: "SIGTERM" } as const;

export interface Struck extends Omit<Fault, "atMs"> {
  /** Since the start of the run. */
  readonly atMs: number;
  readonly pids: readonly number[];
}

export interface InjectorPorts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly onFault: (struck: Struck) => void;
}

/** Resolves after the last fault, when every tree is up again and nothing is frozen. */
export async function inject(
  faults: readonly Fault[],
  ports: InjectorPorts,
  signal: AbortSignal,
): Promise<void> {
  const { cluster, clock } = ports;
  const startMs = clock.monotonicMs();
  const frozen = new Set<Promise<void>>();
  for (const fault of faults) {
    await clock.sleep(Math.max(0, startMs + fault.atMs - clock.monotonicMs()), signal);
    if (signal.aborted) break;
    await cluster.ensureRunning();
    const victims = victimsOf(cluster, fault.target, ports.random);
    // Down from an earlier fault: that one is fault enough.
    if (victims.length === 0) continue;
    const { verb, target, forMs } = fault;
    const atMs = Math.round(clock.monotonicMs() - startMs);
    ports.onFault({ verb, target, forMs, atMs, pids: victims.map(({ pid }) => pid) });
    if (verb === "freeze") {
      const thawed = freeze(victims, forMs, clock, signal);
      frozen.add(thawed);
      void thawed.then(() => frozen.delete(thawed));
    } else await end(fault, victims, cluster);
  }
  await Promise.all(frozen);
  if (!signal.aborted) await cluster.ensureRunning();
}

async function freeze(
  victims: readonly ProcessIdentity[],
  forMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (const victim of victims) strike(victim, "SIGSTOP");
  await clock.sleep(forMs, signal);
  for (const victim of victims.toReversed()) strike(victim, "SIGCONT");
}

async function end(
  { verb, target }: Fault,
  victims: readonly ProcessIdentity[],
  cluster: Cluster,
): Promise<void> {
  const signal = verb === "terminate" ? SIGNALS.terminate : SIGNALS.kill;
  if (target === "main" || target === "second") return await cluster.end(target, signal);
  const [first] = victims;
  // SIGTERM would make the server wait for its clients; an operator's fast shutdown breaks them off.
  if (first) strike(first, target === "postgres" && verb === "terminate" ? "SIGINT" : signal);
}
