/** Ends a tree: in order, step by step with deadlines, or all at once. */

import type { ActorId } from "./actor.ts";
import type { Draft } from "./draft.ts";
import { type ChildLife, isAlive } from "./tree-state.ts";

export const EXIT_CLEAN = 0;
export const EXIT_KILLED = 2;
export const EXIT_GAVE_UP = 70;

/** Begins the ordered stop. Children without a realm are done; nothing is restarted from here on. */
export function beginDrain(draft: Draft, code: number, reason: string): void {
  draft.reason(reason);
  for (const [id, { phase }] of draft.children) {
    if (phase.kind === "waiting" || phase.kind === "backing_off") draft.moveTo(id, { kind: "stopped" });
  }
  const { shutdownMs } = draft.spec;
  draft.phase = {
    kind: "draining",
    code,
    deadlineMs: draft.nowMs + shutdownMs,
    steps: drainSteps(draft),
    cursor: -1,
  };
  draft.schedule({ kind: "total_timeout" }, shutdownMs);
  advanceDrain(draft);
}

/** Living children in reverse start order; neighbours of one kind (`http-0`, `http-1`) share a step. */
function drainSteps(draft: Draft): ActorId[][] {
  const steps: ActorId[][] = [];
  for (const { id } of draft.spec.children.toReversed()) {
    if (!isAlive(draft.child(id))) continue;
    const last = steps.at(-1);
    if (last?.[0] !== undefined && kindOf(last[0]) === kindOf(id)) last.push(id);
    else steps.push([id]);
  }
  return steps;
}

const kindOf = (id: ActorId) => id.replace(/-\d+$/, "");

/** Goes on to the next step while the present one has no living child, and ends the tree after the last. */
export function advanceDrain(draft: Draft): void {
  while (draft.phase.kind === "draining") {
    const { steps, cursor, code } = draft.phase;
    if (steps[cursor]?.some((id) => isAlive(draft.child(id)))) return;
    const next = steps[cursor + 1];
    if (next) {
      draft.phase = { ...draft.phase, cursor: cursor + 1 };
      for (const id of next) stopChild(draft, id);
    } else {
      draft.exit(code);
    }
  }
}

function stopChild(draft: Draft, id: ActorId): void {
  const { phase, incarnation } = draft.child(id);
  if (phase.kind !== "starting" && phase.kind !== "running") return;
  draft.moveTo(id, { kind: "stopping" });
  draft.commands.push({ kind: "stop", id, incarnation });
  draft.schedule({ kind: "shutdown_timeout", id, incarnation }, stepLimitMs(draft, id));
}

/** The child's own time, within what is left of the total once the last step's time is kept aside. */
export function stepLimitMs(draft: Draft, id: ActorId): number {
  const { shutdownMs } = draft.childSpec(id);
  if (draft.phase.kind !== "draining") return shutdownMs;
  const { steps, deadlineMs } = draft.phase;
  const last = steps.at(-1) ?? [];
  const reservedMs = last.includes(id)
    ? 0
    : Math.max(0, ...last.map((lastId) => draft.childSpec(lastId).shutdownMs));
  return Math.max(0, Math.min(shutdownMs, deadlineMs - draft.nowMs - reservedMs));
}

/** Kills every living child; the tree ends when all of them are gone. */
export function killAll(draft: Draft, code: number, why: string): void {
  draft.reason(why);
  draft.phase = { kind: "killing", code };
  for (const [id, life] of draft.children) {
    if (life.phase.kind === "killing") continue;
    if (isAlive(life)) draft.kill(id, why);
    else if (life.phase.kind !== "failed") draft.moveTo(id, { kind: "stopped" });
  }
  endWhenAllGone(draft);
}

export function endWhenAllGone(draft: Draft): void {
  if (draft.phase.kind !== "killing") return;
  if ([...draft.children.values()].some((life: ChildLife) => isAlive(life))) return;
  draft.exit(draft.phase.code);
}
