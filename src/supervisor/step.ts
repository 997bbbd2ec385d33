/** Decides everything about a supervised tree: what has happened comes in, what is to be done goes out. */

import { Draft } from "./draft.ts";
import { advanceDrain, beginDrain, EXIT_CLEAN, EXIT_KILLED, endWhenAllGone, killAll } from "./drain.ts";
import { childEnded } from "./restart.ts";
import { isAlive, type TreeCommand, type TreeEvent, type TreeState, type TreeTimer } from "./tree-state.ts";

/**
 * Answers the next state and the commands that lead there. Pure. Events about another than the present incarnation,
 * timers that no longer apply and everything after the end change nothing.
 */
export function step(
  state: TreeState,
  event: TreeEvent,
  nowMs: number,
): { readonly state: TreeState; readonly commands: readonly TreeCommand[] } {
  if (state.phase.kind === "ended") return { state, commands: [] };
  const draft = new Draft(state, nowMs);
  apply(draft, event);
  advanceBoot(draft);
  advanceDrain(draft);
  endWhenAllGone(draft);
  return { state: draft.finish(), commands: draft.commands };
}

function apply(draft: Draft, event: TreeEvent): void {
  switch (event.kind) {
    case "start":
      break; // The boot cursor spawns the first child.
    case "stop":
      if (isUp(draft)) beginDrain(draft, EXIT_CLEAN, event.reason);
      break;
    case "kill":
      if (draft.phase.kind !== "killing") killAll(draft, EXIT_KILLED, "killed on request");
      break;
    case "timer":
      timeUp(draft, event.timer, event.roll);
      break;
    case "ready":
    case "unresponsive":
    case "ended":
      applyToChild(draft, event);
      break;
    default:
      event satisfies never;
  }
}

const isUp = ({ phase }: Draft) => phase.kind === "booting" || phase.kind === "running";

function applyToChild(
  draft: Draft,
  event: Extract<TreeEvent, { readonly kind: "ready" | "unresponsive" | "ended" }>,
): void {
  const { id, incarnation } = event;
  const life = draft.current(id, incarnation);
  if (!life) return;
  if (event.kind === "ready" && life.phase.kind === "starting") {
    draft.update(id, { phase: { kind: "running" }, readyAtMs: draft.nowMs });
    draft.commands.push({ kind: "admit", id, incarnation });
  } else if (event.kind === "unresponsive" && life.phase.kind === "running") {
    draft.kill(id, event.reason);
  } else if (event.kind === "ended" && isAlive(life)) {
    childEnded(draft, id, event.end, event.roll);
  }
}

/** Spawns the next child of the start order once the one before it is ready, or done for good. */
function advanceBoot(draft: Draft): void {
  while (draft.phase.kind === "booting") {
    const { cursor } = draft.phase;
    const next = draft.spec.children[cursor];
    if (!next) {
      draft.phase = { kind: "running" };
      draft.commands.push({ kind: "started" });
      return;
    }
    const { phase } = draft.child(next.id);
    if (phase.kind === "waiting") draft.spawn(next.id);
    if (phase.kind !== "running" && phase.kind !== "stopped" && phase.kind !== "failed") return;
    draft.phase = { kind: "booting", cursor: cursor + 1 };
  }
}

function timeUp(draft: Draft, timer: TreeTimer, roll: number): void {
  if (timer.kind === "total_timeout") {
    if (draft.phase.kind !== "draining") return;
    const why = `the stop took longer than ${draft.spec.shutdownMs} ms`;
    killAll(draft, draft.phase.code || EXIT_KILLED, why);
    return;
  }
  const { id, incarnation } = timer;
  const phase = draft.current(id, incarnation)?.phase;
  if (timer.kind === "start_timeout" && phase?.kind === "starting") {
    draft.kill(id, `not ready within ${draft.childSpec(id).startTimeoutMs} ms`);
  } else if (timer.kind === "restart" && phase?.kind === "backing_off") {
    draft.spawn(id);
  } else if (timer.kind === "shutdown_timeout" && phase?.kind === "stopping") {
    draft.reason(`${id} did not stop in time`);
    draft.kill(id, "did not stop in time");
  } else if (timer.kind === "kill_limit" && phase?.kind === "killing") {
    draft.commands.push({ kind: "abandon", id, incarnation });
    childEnded(draft, id, { normal: false, reason: phase.why, exitCode: null }, roll);
  }
}
