/** One step in the making: a private copy of the tree's state that helpers change, and the commands they ask for. */

import type { ActorId, ChildSpec, SupervisorSpec } from "./actor.ts";
import { KILL_LIMIT_MS } from "./restart-window.ts";
import type { ChildLife, ChildPhase, TreeCommand, TreePhase, TreeState, TreeTimer } from "./tree-state.ts";

const REASONS_KEPT = 20;

export class Draft {
  readonly spec: SupervisorSpec;
  readonly nowMs: number;
  readonly commands: TreeCommand[] = [];
  readonly children: Map<ActorId, ChildLife>;
  phase: TreePhase;
  #reasons: readonly string[];

  constructor(state: TreeState, nowMs: number) {
    this.spec = state.spec;
    this.nowMs = nowMs;
    this.phase = state.phase;
    this.children = new Map(state.children);
    this.#reasons = state.reasons;
  }

  finish(): TreeState {
    return { spec: this.spec, phase: this.phase, children: this.children, reasons: this.#reasons };
  }

  child(id: ActorId): ChildLife {
    const life = this.children.get(id);
    if (!life) throw new Error(`no child ${id}`);
    return life;
  }

  childSpec(id: ActorId): ChildSpec {
    const spec = this.spec.children.find((child) => child.id === id);
    if (!spec) throw new Error(`no child ${id}`);
    return spec;
  }

  /** The life of the child, if `incarnation` is its present one. */
  current(id: ActorId, incarnation: number): ChildLife | null {
    const life = this.child(id);
    return life.incarnation === incarnation ? life : null;
  }

  update(id: ActorId, change: Partial<ChildLife>): void {
    this.children.set(id, { ...this.child(id), ...change });
  }

  moveTo(id: ActorId, phase: ChildPhase): void {
    this.update(id, { phase });
  }

  schedule(timer: TreeTimer, delayMs: number): void {
    this.commands.push({ kind: "schedule", timer, delayMs });
  }

  spawn(id: ActorId): void {
    const incarnation = this.child(id).incarnation + 1;
    this.update(id, { incarnation, readyAtMs: null, phase: { kind: "starting" } });
    this.commands.push({ kind: "spawn", id, incarnation });
    this.schedule({ kind: "start_timeout", id, incarnation }, this.childSpec(id).startTimeoutMs);
  }

  kill(id: ActorId, why: string): void {
    const { incarnation } = this.child(id);
    this.moveTo(id, { kind: "killing", why });
    this.commands.push({ kind: "kill", id, incarnation, why });
    this.schedule({ kind: "kill_limit", id, incarnation }, KILL_LIMIT_MS);
  }

  reason(text: string): void {
    this.#reasons = [...this.#reasons, text].slice(-REASONS_KEPT);
  }

  exit(code: number): void {
    this.phase = { kind: "ended", code };
    this.commands.push({ kind: "exit", code, reasons: this.#reasons });
  }
}
