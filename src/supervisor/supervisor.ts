/** Keeps the declared children running: does what `step` decides, and tells it what happens. */

import type { Clock, Timer } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { ChildStatus, SupervisorSpec } from "./actor.ts";
import { type RealmOptions, realmSpawner } from "./realms.ts";
import { Roster } from "./roster.ts";
import { checkSupervisorSpec } from "./spec-check.ts";
import { statusOf } from "./status.ts";
import { step } from "./step.ts";
import type { SurveyAnswers } from "./surveys.ts";
import { type SupervisorLog, TreeLog } from "./tree-log.ts";
import { initialState, type TreeCommand, type TreeEvent, type TreeState } from "./tree-state.ts";

const HEARTBEAT = { everyMs: 1_000, limit: 10 };

export interface SupervisorOptions {
  readonly spec: SupervisorSpec;
  readonly realm: RealmOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SupervisorLog;
  /** A child is killed after `limit` beats missed, or in a row without progress while work waits. */
  readonly heartbeat?: { readonly everyMs: number; readonly limit: number };
  /** Called after each change. */
  readonly onStatus?: (children: readonly ChildStatus[]) => void;
}

/** How a tree ended: the exit code for the process, and why. */
export interface TreeEnd {
  readonly code: number;
  readonly reasons: readonly string[];
}

/** The tree ended before all its children were ready. */
export class TreeEndedError extends Error {
  override name = "TreeEndedError";
  readonly end: TreeEnd;

  constructor(end: TreeEnd) {
    super(`the tree ended with code ${end.code}: ${end.reasons.join("; ")}`);
    this.end = end;
  }
}

/**
 * The shell around `step`. Events go into a queue and are taken one at a time, so that a command that fails at once
 * (a realm that cannot be made) is just the next event. It holds realms and timers; every decision is in the state.
 * It never ends its own process and listens to no signal.
 */
export class Supervisor {
  /** Resolves when no child is left. The caller decides what to do with the code. */
  readonly exited: Promise<TreeEnd>;
  readonly #options: SupervisorOptions;
  readonly #heartbeat: NonNullable<SupervisorOptions["heartbeat"]>;
  readonly #log: TreeLog;
  readonly #roster: Roster;
  readonly #timers = new Set<Timer>();
  readonly #events: TreeEvent[] = [];
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<TreeEnd>();
  #state: TreeState;
  #dispatching = false;

  /** A tree that is not started yet. Throws TypeError for a specification that `checkSupervisorSpec` finds wrong. */
  constructor(options: SupervisorOptions) {
    const { spec, realm, clock, random } = options;
    const problems = checkSupervisorSpec(spec);
    if (problems.length > 0) throw new TypeError(`this tree cannot be supervised: ${problems.join("; ")}`);
    this.#options = options;
    this.#heartbeat = options.heartbeat ?? HEARTBEAT;
    this.#state = initialState(spec);
    this.#log = new TreeLog(options.log, clock);
    this.#roster = new Roster({
      children: spec.children,
      spawnRealm: realmSpawner(spec.children, realm, clock, random),
      clock,
      log: this.#log,
      heartbeat: this.#heartbeat,
      after: (delayMs, act) => this.#after(delayMs, act),
      ready: (id, incarnation) => this.#dispatch({ kind: "ready", id, incarnation }),
      ended: (id, incarnation, end) =>
        this.#dispatch({ kind: "ended", id, incarnation, end, roll: random.next() }),
      unresponsive: (id, incarnation, reason) =>
        this.#dispatch({ kind: "unresponsive", id, incarnation, reason }),
      status: () => this.status(),
    });
    this.exited = this.#ended.promise;
    this.#started.promise.catch(() => {}); // Who does not wait for the start learns of its failure from `exited`.
  }

  /** Resolves when every child is ready. Rejects with TreeEndedError if the tree ends before. */
  start(): Promise<void> {
    this.#scheduleTick();
    this.#dispatch({ kind: "start" });
    return this.#started.promise;
  }

  /** Begins the ordered stop; a second call changes nothing. */
  stop(reason: string): void {
    this.#log.stopRequested(reason);
    this.#dispatch({ kind: "stop", reason });
  }

  /** Kills everything at once. */
  kill(): void {
    this.#dispatch({ kind: "kill" });
  }

  /** One entry a child, in start order. */
  status(): readonly ChildStatus[] {
    const nowMs = this.#options.clock.monotonicMs();
    return statusOf(this.#state, nowMs, (id) => this.#roster.describe(id));
  }

  /** Asks every child that is ready; those late after `timeoutMs` are left out. Never rejects. */
  survey(question: string, timeoutMs: number): Promise<SurveyAnswers> {
    return this.#roster.survey(question, timeoutMs);
  }

  #dispatch(event: TreeEvent): void {
    this.#events.push(event);
    if (this.#dispatching) return;
    this.#dispatching = true;
    for (let next = this.#events.shift(); next; next = this.#events.shift()) {
      const { state, commands } = step(this.#state, next, this.#options.clock.monotonicMs());
      this.#state = state;
      for (const command of commands) this.#execute(command);
    }
    this.#dispatching = false;
    this.#options.onStatus?.(this.status());
  }

  #execute(command: TreeCommand): void {
    this.#log.command(command);
    switch (command.kind) {
      case "spawn":
        this.#roster.spawn(command.id, command.incarnation);
        break;
      case "admit":
        this.#roster.admit(command.id);
        break;
      case "stop":
        this.#roster.stop(command.id);
        break;
      case "kill":
        this.#roster.kill(command.id);
        break;
      case "abandon":
        this.#roster.forget(command.id);
        break;
      case "schedule":
        this.#schedule(command);
        break;
      case "started":
        this.#started.resolve();
        break;
      case "exit":
        this.#exit({ code: command.code, reasons: command.reasons });
        break;
      default:
        command satisfies never;
    }
  }

  #schedule({ timer, delayMs }: Extract<TreeCommand, { readonly kind: "schedule" }>): void {
    this.#after(delayMs, () => {
      this.#dispatch({ kind: "timer", timer, roll: this.#options.random.next() });
    });
  }

  #exit(end: TreeEnd): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#roster.close();
    this.#started.reject(new TreeEndedError(end));
    this.#ended.resolve(end);
  }

  #scheduleTick(): void {
    this.#after(this.#heartbeat.everyMs, () => {
      this.#scheduleTick();
      this.#roster.tick();
    });
  }

  #after(delayMs: number, act: () => void): void {
    if (this.#state.phase.kind === "ended") return;
    const timer = this.#options.clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }
}
