/** The state of a supervised tree, what can happen to it, and what it asks to be done. */

import type { ActorId, SupervisorSpec } from "./actor.ts";
import type { RestartWindow } from "./restart-window.ts";

/**
 * A child's phase.
 *
 * `waiting` before its turn in the start order; `starting` from spawn to ready; `running`; `stopping` from the stop
 * request to the end; `killing` from the kill to the end, for the reason `why`; `backing_off` until its next spawn;
 * `stopped` and `failed` for good. A realm exists in `starting`, `running`, `stopping` and `killing` only.
 */
export type ChildPhase =
  | { readonly kind: "waiting" | "starting" | "running" | "stopping" | "stopped" | "failed" }
  | { readonly kind: "killing"; readonly why: string }
  | { readonly kind: "backing_off"; readonly untilMs: number };

export interface ChildLife {
  readonly phase: ChildPhase;
  /** 0 before the first spawn. */
  readonly incarnation: number;
  /** When the present incarnation got ready; null while it has not. */
  readonly readyAtMs: number | null;
  /** Failed attempts since the child last lived long enough. */
  readonly attempt: number;
  readonly window: RestartWindow;
  readonly lastExit: string | null;
}

/**
 * The tree's phase: `booting` (the child at `cursor` is next to get ready) → `running` → `draining` (the step at
 * `cursor` of `steps` is under way) → `ended`. `killing` is entered from any of them and leads to `ended` only.
 */
export type TreePhase =
  | { readonly kind: "booting"; readonly cursor: number }
  | { readonly kind: "running" }
  | {
      readonly kind: "draining";
      readonly code: number;
      readonly deadlineMs: number;
      readonly steps: readonly (readonly ActorId[])[];
      readonly cursor: number;
    }
  | { readonly kind: "killing" | "ended"; readonly code: number };

export interface TreeState {
  readonly spec: SupervisorSpec;
  readonly phase: TreePhase;
  readonly children: ReadonlyMap<ActorId, ChildLife>;
  /** Why the tree ends, oldest first. */
  readonly reasons: readonly string[];
}

/** How one incarnation ended. */
export interface ChildEnd {
  /** True only when the child said so itself. */
  readonly normal: boolean;
  readonly reason: string;
  /** Set when no restart can mend it: the tree ends with this code. */
  readonly exitCode: number | null;
}

export type TreeTimer =
  | {
      readonly kind: "start_timeout" | "restart" | "shutdown_timeout" | "kill_limit";
      readonly id: ActorId;
      readonly incarnation: number;
    }
  | { readonly kind: "total_timeout" };

export type TreeEvent =
  | { readonly kind: "start" | "kill" }
  | { readonly kind: "stop"; readonly reason: string }
  | { readonly kind: "ready"; readonly id: ActorId; readonly incarnation: number }
  | {
      readonly kind: "ended";
      readonly id: ActorId;
      readonly incarnation: number;
      readonly end: ChildEnd;
      /** In [0, 1): places the restart delay within its jitter. */
      readonly roll: number;
    }
  | {
      readonly kind: "unresponsive";
      readonly id: ActorId;
      readonly incarnation: number;
      readonly reason: string;
    }
  | { readonly kind: "timer"; readonly timer: TreeTimer; readonly roll: number };

export type TreeCommand =
  | {
      readonly kind: "spawn" | "stop" | "admit" | "abandon";
      readonly id: ActorId;
      readonly incarnation: number;
    }
  | { readonly kind: "kill"; readonly id: ActorId; readonly incarnation: number; readonly why: string }
  | { readonly kind: "schedule"; readonly timer: TreeTimer; readonly delayMs: number }
  | { readonly kind: "started" }
  | { readonly kind: "exit"; readonly code: number; readonly reasons: readonly string[] };

export function initialState(spec: SupervisorSpec): TreeState {
  const life: ChildLife = {
    phase: { kind: "waiting" },
    incarnation: 0,
    readyAtMs: null,
    attempt: 0,
    window: [],
    lastExit: null,
  };
  return {
    spec,
    phase: { kind: "booting", cursor: 0 },
    children: new Map(spec.children.map((child) => [child.id, life])),
    reasons: [],
  };
}

/** True while a realm of the child may exist. */
export const isAlive = ({ phase }: ChildLife) =>
  phase.kind === "starting" ||
  phase.kind === "running" ||
  phase.kind === "stopping" ||
  phase.kind === "killing";
