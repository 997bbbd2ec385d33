/** A make-believe world for `step`: virtual time, and realms that behave as told. It checks each command it gets. */

import type { ActorId, SupervisorSpec } from "../../../src/supervisor/actor.ts";
import { step } from "../../../src/supervisor/step.ts";
import {
  type ChildEnd,
  initialState,
  type TreeCommand,
  type TreeEvent,
  type TreeState,
} from "../../../src/supervisor/tree-state.ts";

/** How one incarnation behaves. A time of null means never. */
export interface Behaviour {
  readonly readyAfterMs: number | null;
  /** Ends by itself that long after its spawn. */
  readonly diesAfterMs: number | null;
  readonly diesNormally: boolean;
  readonly stopsAfterMs: number | null;
  readonly endsAfterKillMs: number | null;
}

export const WELL: Behaviour = {
  readyAfterMs: 5,
  diesAfterMs: null,
  diesNormally: false,
  stopsAfterMs: 5,
  endsAfterKillMs: 1,
};

interface Planned {
  readonly atMs: number;
  readonly event: TreeEvent;
}

export class World {
  readonly spec: SupervisorSpec;
  readonly commands: TreeCommand[] = [];
  readonly #behaviour: (id: ActorId, incarnation: number) => Behaviour;
  readonly #realms = new Map<ActorId, number>();
  readonly #wasReady = new Set<ActorId>();
  state: TreeState;
  nowMs = 0;
  exit: { readonly code: number; readonly atMs: number } | null = null;
  #planned: Planned[] = [];

  constructor(spec: SupervisorSpec, behaviour: (id: ActorId, incarnation: number) => Behaviour) {
    this.spec = spec;
    this.#behaviour = behaviour;
    this.state = initialState(spec);
  }

  /** Lets `event` happen at `atMs`. */
  plan(atMs: number, event: TreeEvent): void {
    this.#planned.push({ atMs, event });
  }

  /** Runs until nothing is planned any more, or `limitMs`. */
  run(limitMs: number): void {
    while (true) {
      const next = this.#planned.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (!next || next.atMs > limitMs) return;
      this.#planned = this.#planned.filter((planned) => planned !== next);
      this.nowMs = next.atMs;
      this.#happen(next.event);
    }
  }

  /** Ids of children with the given kinds of command, in order. */
  idsOf(kind: "spawn" | "stop" | "kill"): ActorId[] {
    return this.commands.flatMap((command) => (command.kind === kind ? command.id : []));
  }

  #happen(event: TreeEvent): void {
    if (event.kind === "ended") {
      if (this.#realms.get(event.id) !== event.incarnation) return;
      this.#realms.delete(event.id);
    }
    if (event.kind === "ready") {
      if (this.#realms.get(event.id) !== event.incarnation) return;
      this.#wasReady.add(event.id);
    }
    const { state, commands } = step(this.state, event, this.nowMs);
    this.state = state;
    for (const command of commands) {
      this.commands.push(command);
      this.#obey(command);
    }
  }

  #obey(command: TreeCommand): void {
    must(this.exit === null, "nothing is asked for after the exit");
    switch (command.kind) {
      case "spawn":
        this.#spawn(command.id, command.incarnation);
        break;
      case "stop":
      case "kill":
        this.#end(command.kind, command.id, command.incarnation);
        break;
      case "abandon":
        must(this.#realms.delete(command.id), "only a realm that exists is abandoned");
        break;
      case "schedule":
        this.plan(this.nowMs + command.delayMs, { kind: "timer", timer: command.timer, roll: 0.5 });
        break;
      case "exit":
        must(this.#realms.size === 0, "no realm is left at the exit");
        this.exit = { code: command.code, atMs: this.nowMs };
        break;
      default:
        must(command.kind === "admit" || command.kind === "started", "a known command");
    }
  }

  #spawn(id: ActorId, incarnation: number): void {
    must(!this.#realms.has(id), "one realm a child");
    must(["booting", "running"].includes(this.state.phase.kind), "nothing is spawned once the tree ends");
    const spawnedBefore = this.idsOf("spawn").filter((other) => other === id).length - 1;
    must(incarnation === spawnedBefore + 1, "incarnations are counted");
    const before = this.spec.children.slice(
      0,
      this.spec.children.findIndex((child) => child.id === id),
    );
    for (const { id: earlier } of before) {
      const kind = this.state.children.get(earlier)?.phase.kind ?? "";
      const settled = this.#wasReady.has(earlier) || ["stopped", "failed"].includes(kind);
      must(settled, "earlier children were ready, or are done");
    }
    this.#realms.set(id, incarnation);
    const { readyAfterMs, diesAfterMs, diesNormally } = this.#behaviour(id, incarnation);
    if (readyAfterMs !== null) this.plan(this.nowMs + readyAfterMs, { kind: "ready", id, incarnation });
    if (diesAfterMs !== null) this.#planEnd(diesAfterMs, id, incarnation, diesNormally);
  }

  #end(how: "stop" | "kill", id: ActorId, incarnation: number): void {
    must(this.#realms.get(id) === incarnation, "only a realm that exists is ended");
    const { stopsAfterMs, endsAfterKillMs } = this.#behaviour(id, incarnation);
    const afterMs = how === "stop" ? stopsAfterMs : endsAfterKillMs;
    if (afterMs !== null) this.#planEnd(afterMs, id, incarnation, how === "stop");
  }

  #planEnd(afterMs: number, id: ActorId, incarnation: number, normal: boolean): void {
    const end: ChildEnd = { normal, reason: normal ? "normal" : "died", exitCode: null };
    this.plan(this.nowMs + afterMs, { kind: "ended", id, incarnation, end, roll: 0.5 });
  }
}

function must(condition: boolean, law: string): void {
  if (!condition) throw new Error(`broken: ${law}`);
}
