/** Keeps the declared children running: does what `step` decides and tells it what happens. */

import type { Clock, Timer } from "../core/clock.ts";
import { asError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { ActorId, ChildSpec, ChildStatus, DeadLetterReason, SupervisorSpec } from "./actor.ts";
import { DeadLetters } from "./dead-letters.ts";
import { type ExitedFrame, openToParent, type ToParent } from "./frames.ts";
import { beaten, FRESH_PULSE, type Pulse, ticked, unresponsiveness } from "./heartbeat.ts";
import type { Realm } from "./realm-adapter.ts";
import { type RealmOptions, type RealmSpawner, realmSpawner } from "./realms.ts";
import { checkSupervisorSpec } from "./spec-check.ts";
import { statusOf } from "./status.ts";
import { step } from "./step.ts";
import { type SurveyAnswers, Surveys } from "./surveys.ts";
import { type Line, Switchboard } from "./switchboard.ts";
import { type SupervisorLog, TreeLog } from "./tree-log.ts";
import {
  type ChildEnd,
  initialState,
  type TreeCommand,
  type TreeEvent,
  type TreeState,
} from "./tree-state.ts";

/** After its last frame a realm ends itself; this long it may take. */
const LAST_FRAME_GRACE_MS = 1_000;
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

interface Live {
  readonly line: Line;
  readonly realm: Realm;
  pulse: Pulse;
  lastFrame: ExitedFrame | null;
}

/**
 * The shell around `step`: events go into a queue and are taken one at a time, so that a command that fails at once
 * (a realm that cannot be made) is just the next event. It holds realms and timers; every decision is in the state.
 */
export class Supervisor {
  /** Resolves when no child is left. The caller decides what to do with the code. */
  readonly exited: Promise<TreeEnd>;
  readonly #options: SupervisorOptions;
  readonly #spawnRealm: RealmSpawner;
  readonly #log: TreeLog;
  readonly #switchboard: Switchboard;
  readonly #surveys: Surveys;
  readonly #deadLetters = new DeadLetters();
  readonly #live = new Map<ActorId, Live>();
  readonly #timers = new Set<Timer>();
  readonly #events: TreeEvent[] = [];
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<TreeEnd>();
  #state: TreeState;
  #dispatching = false;

  constructor(options: SupervisorOptions) {
    const { spec, clock, random } = options;
    const problems = checkSupervisorSpec(spec);
    if (problems.length > 0) throw new TypeError(`this tree cannot be supervised: ${problems.join("; ")}`);
    this.#options = options;
    this.#state = initialState(spec);
    this.#spawnRealm = realmSpawner(spec.children, options.realm, clock, random);
    this.#log = new TreeLog(options.log, clock);
    this.#switchboard = new Switchboard(spec.children, (actor, reason) => this.#countLost(actor, reason, 1));
    this.#surveys = new Surveys(clock);
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

  status(): readonly ChildStatus[] {
    const nowMs = this.#options.clock.monotonicMs();
    return statusOf(this.#state, nowMs, (id) => ({
      pid: this.#live.get(id)?.realm.pid ?? process.pid,
      deadLetters: this.#deadLetters.of(id),
    }));
  }

  /** Asks every running child; those late after `timeoutMs` are left out. */
  survey(question: string, timeoutMs: number): Promise<SurveyAnswers> {
    const running = this.#options.spec.children.flatMap(({ id }) => {
      const live = this.#live.get(id);
      return live && this.#isRunning(id) ? live.line : [];
    });
    return this.#surveys.ask(running, question, timeoutMs);
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
        this.#spawn(command.id, command.incarnation);
        break;
      case "admit":
        this.#admit(command.id);
        break;
      case "stop":
        this.#live.get(command.id)?.realm.send({ kind: "stop" });
        break;
      case "kill":
        this.#live.get(command.id)?.realm.kill();
        break;
      case "abandon":
        this.#forget(command.id);
        break;
      case "schedule": {
        const { timer, delayMs } = command;
        this.#after(delayMs, () =>
          this.#dispatch({ kind: "timer", timer, roll: this.#options.random.next() }),
        );
        break;
      }
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

  #spawn(id: ActorId, incarnation: number): void {
    const spec = this.#childSpec(id);
    let realm: Realm;
    try {
      realm = this.#spawnRealm(spec, {
        frame: (raw) => this.#onFrame(id, incarnation, raw),
        ended: (detail) => this.#onEnded(id, incarnation, detail),
      });
    } catch (error) {
      const end = { normal: false, reason: `not spawned: ${asError(error).message}`, exitCode: null };
      this.#dispatchEnd(id, incarnation, end, null);
      return;
    }
    const line: Line = { id, incarnation, isolation: spec.isolation, send: (frame) => realm.send(frame) };
    this.#live.set(id, { line, realm, pulse: FRESH_PULSE, lastFrame: null });
    const { module, args } = spec.start;
    const heartbeatMs = (this.#options.heartbeat ?? HEARTBEAT).everyMs;
    const lanes = this.#switchboard.open(line);
    line.send({ kind: "start", id, incarnation, module, args, sendsTo: spec.sendsTo, lanes, heartbeatMs });
  }

  #admit(id: ActorId): void {
    const live = this.#live.get(id);
    if (!live) return;
    live.pulse = FRESH_PULSE;
    this.#log.ready(id, live.line.incarnation, live.realm.pid);
    this.#switchboard.admit(id);
  }

  #onFrame(id: ActorId, incarnation: number, raw: unknown): void {
    const live = this.#live.get(id);
    const frame = openToParent(raw);
    if (live?.line.incarnation !== incarnation) this.#countLost(id, "old_incarnation", 1);
    else if (!frame) this.#countLost(id, "unknown_frame", 1);
    else this.#take(live, frame);
  }

  #take(live: Live, frame: ToParent): void {
    const { id, incarnation, send } = live.line;
    switch (frame.kind) {
      case "ready":
        this.#dispatch({ kind: "ready", id, incarnation });
        break;
      case "heartbeat":
        live.pulse = beaten(live.pulse, frame);
        this.#countAllLost(frame.deadLetters);
        break;
      case "exited":
        live.lastFrame = frame;
        this.#countAllLost(frame.deadLetters);
        this.#after(LAST_FRAME_GRACE_MS, () => {
          if (this.#live.get(id) === live) live.realm.kill();
        });
        break;
      case "data":
        this.#switchboard.route(live.line, frame);
        break;
      case "reported":
        this.#surveys.answered(frame.requestId, id, frame.answer);
        break;
      case "survey":
        void this.survey(frame.question, frame.timeoutMs).then((value) =>
          send({ kind: "reply", requestId: frame.requestId, value }),
        );
        break;
      case "tree":
        send({ kind: "reply", requestId: frame.requestId, value: this.status() });
        break;
      default:
        frame satisfies never;
    }
  }

  #onEnded(id: ActorId, incarnation: number, detail: string): void {
    const live = this.#live.get(id);
    if (live?.line.incarnation !== incarnation) return;
    const last = live.lastFrame;
    this.#forget(id);
    const failure = last?.reason === "failed" ? last.error : null;
    const reason = failure ? `${failure.name}: ${failure.message}` : detail;
    const normal = last?.reason === "normal";
    const end = { normal, reason: normal ? "normal" : reason, exitCode: failure?.exitCode ?? null };
    this.#dispatchEnd(id, incarnation, end, last);
  }

  #dispatchEnd(id: ActorId, incarnation: number, end: ChildEnd, last: ExitedFrame | null): void {
    this.#log.ended(id, incarnation, end, last);
    this.#dispatch({ kind: "ended", id, incarnation, end, roll: this.#options.random.next() });
  }

  /** Tells everybody who talked to the child that this incarnation is gone. */
  #forget(id: ActorId): void {
    this.#live.delete(id);
    this.#switchboard.close(id);
    this.#surveys.gone(id);
  }

  #exit(end: TreeEnd): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#surveys.closeAll();
    this.#started.reject(new TreeEndedError(end));
    this.#ended.resolve(end);
  }

  #scheduleTick(): void {
    const { everyMs, limit } = this.#options.heartbeat ?? HEARTBEAT;
    this.#after(everyMs, () => {
      this.#scheduleTick();
      for (const live of [...this.#live.values()]) {
        const { id, incarnation } = live.line;
        if (!this.#isRunning(id)) continue;
        live.pulse = ticked(live.pulse);
        const reason = unresponsiveness(live.pulse, limit);
        if (reason !== null) this.#dispatch({ kind: "unresponsive", id, incarnation, reason });
      }
    });
  }

  #after(delayMs: number, act: () => void): void {
    const timer = this.#options.clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }

  #countAllLost(counts: ExitedFrame["deadLetters"]): void {
    for (const { actor, reason, count } of counts) this.#countLost(actor, reason, count);
  }

  #countLost(actor: ActorId, reason: DeadLetterReason, count: number): void {
    this.#deadLetters.add(actor, reason, count);
    this.#log.deadLetters({ actor, reason, count });
  }

  #isRunning(id: ActorId): boolean {
    return this.#state.children.get(id)?.phase.kind === "running";
  }

  #childSpec(id: ActorId): ChildSpec {
    const spec = this.#options.spec.children.find((child) => child.id === id);
    if (!spec) throw new Error(`no child ${id}`);
    return spec;
  }
}

/** A tree that is not started yet. Throws TypeError for a specification that `checkSupervisorSpec` finds wrong. */
export const createSupervisor = (options: SupervisorOptions): Supervisor => new Supervisor(options);
