/** Decides what becomes of a child whose incarnation has ended. */

import type { ActorId } from "./actor.ts";
import { restartDelayMs } from "./backoff.ts";
import type { Draft } from "./draft.ts";
import { beginDrain, EXIT_GAVE_UP } from "./drain.ts";
import { recordRestart, windowLimits } from "./restart-window.ts";
import type { ChildEnd, ChildLife } from "./tree-state.ts";

/** `roll` in [0, 1) places the restart delay within its jitter. */
export function childEnded(draft: Draft, id: ActorId, end: ChildEnd, roll: number): void {
  const before = draft.child(id);
  const lastExit = before.phase.kind === "killing" ? before.phase.why : end.reason;
  draft.update(id, { lastExit });
  const { restart } = draft.childSpec(id);
  if (draft.phase.kind !== "booting" && draft.phase.kind !== "running") {
    draft.moveTo(id, { kind: "stopped" });
  } else if (end.exitCode !== null) {
    draft.moveTo(id, { kind: "failed" });
    beginDrain(draft, end.exitCode, `${id}: ${lastExit}`);
  } else if (end.normal && restart !== "permanent") {
    draft.moveTo(id, { kind: "stopped" });
  } else if (restart === "temporary") {
    draft.moveTo(id, { kind: "failed" });
  } else {
    planRestart(draft, id, draft.child(id), roll);
  }
}

function planRestart(draft: Draft, id: ActorId, life: ChildLife, roll: number): void {
  const spec = draft.childSpec(id);
  const limits = windowLimits(spec, draft.spec);
  const { window, exceeded } = recordRestart(life.window, draft.nowMs, limits);
  if (exceeded) {
    draft.moveTo(id, { kind: "failed" });
    const reason = `${id}: more than ${limits.intensity} restarts in ${limits.periodMs} ms; last: ${life.lastExit}`;
    beginDrain(draft, EXIT_GAVE_UP, reason);
    return;
  }
  const livedMs = life.readyAtMs === null ? 0 : draft.nowMs - life.readyAtMs;
  const attempt = livedMs >= spec.backoff.resetAfterMs ? 0 : life.attempt;
  const delayMs = restartDelayMs(attempt, spec.backoff, roll);
  draft.update(id, {
    window,
    attempt: attempt + 1,
    phase: { kind: "backing_off", untilMs: draft.nowMs + delayMs },
  });
  draft.schedule({ kind: "restart", id, incarnation: life.incarnation }, delayMs);
}
