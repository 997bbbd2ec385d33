/** The tree as the outside sees it. */

import type { ActorId, ChildState, ChildStatus } from "./actor.ts";
import type { ChildPhase, TreeState } from "./tree-state.ts";

const STATES: Readonly<Record<ChildPhase["kind"], ChildState>> = {
  waiting: "stopped",
  starting: "starting",
  running: "running",
  stopping: "stopping",
  killing: "stopping",
  backing_off: "backing_off",
  stopped: "stopped",
  failed: "failed",
};

/** One entry a child, in start order. `live` adds what the state does not hold. */
export function statusOf(
  state: TreeState,
  nowMs: number,
  live: (id: ActorId) => Pick<ChildStatus, "pid" | "deadLetters">,
): ChildStatus[] {
  return state.spec.children.flatMap(({ id, isolation }) => {
    const life = state.children.get(id);
    if (!life) return [];
    const { incarnation, lastExit, phase, readyAtMs } = life;
    return {
      id,
      isolation,
      incarnation,
      lastExit,
      state: STATES[phase.kind],
      restarts: Math.max(0, incarnation - 1),
      uptimeMs: phase.kind === "running" && readyAtMs !== null ? Math.round(nowMs - readyAtMs) : 0,
      ...live(id),
    };
  });
}
