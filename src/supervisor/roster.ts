/** The living children: their realms, frames and beats. It tells what happens to them and decides nothing. */

import type { Clock } from "../core/clock.ts";
import { asError } from "../core/errors.ts";
import type { ActorId, ChildSpec, ChildStatus, DeadLetterReason } from "./actor.ts";
import { DeadLetters } from "./dead-letters.ts";
import { type ExitedFrame, openToParent, type ToParent } from "./frames.ts";
import { beaten, FRESH_PULSE, type Pulse, ticked, unresponsiveness } from "./heartbeat.ts";
import type { Realm } from "./realm-adapter.ts";
import type { RealmSpawner } from "./realms.ts";
import { type SurveyAnswers, Surveys } from "./surveys.ts";
import { type Line, Switchboard } from "./switchboard.ts";
import type { TreeLog } from "./tree-log.ts";
import type { ChildEnd } from "./tree-state.ts";

/** After its last frame a realm ends itself; this long it may take. */
const LAST_FRAME_GRACE_MS = 1_000;

export interface RosterOptions {
  readonly children: readonly ChildSpec[];
  readonly spawnRealm: RealmSpawner;
  readonly clock: Clock;
  readonly log: TreeLog;
  readonly heartbeat: { readonly everyMs: number; readonly limit: number };
  /** Acts later, unless the tree has ended before. */
  readonly after: (delayMs: number, act: () => void) => void;
  readonly ready: (id: ActorId, incarnation: number) => void;
  readonly ended: (id: ActorId, incarnation: number, end: ChildEnd) => void;
  readonly unresponsive: (id: ActorId, incarnation: number, reason: string) => void;
  /** The whole tree, for an actor that asks. */
  readonly status: () => readonly ChildStatus[];
}

interface Live {
  readonly line: Line;
  readonly realm: Realm;
  /** Null until the child is ready: only then it has to beat. */
  pulse: Pulse | null;
  lastFrame: ExitedFrame | null;
}

export class Roster {
  readonly #options: RosterOptions;
  readonly #specs: ReadonlyMap<ActorId, ChildSpec>;
  readonly #switchboard: Switchboard;
  readonly #surveys: Surveys;
  readonly #deadLetters = new DeadLetters();
  readonly #live = new Map<ActorId, Live>();

  constructor(options: RosterOptions) {
    this.#options = options;
    this.#specs = new Map(options.children.map((child) => [child.id, child]));
    this.#switchboard = new Switchboard(options.children, (actor, reason) =>
      this.#countLost(actor, reason, 1),
    );
    this.#surveys = new Surveys(options.clock);
  }

  spawn(id: ActorId, incarnation: number): void {
    const spec = this.#specs.get(id);
    if (!spec) throw new Error(`no child ${id}`);
    let realm: Realm;
    try {
      realm = this.#options.spawnRealm(spec, {
        frame: (raw) => this.#onFrame(id, incarnation, raw),
        ended: (detail) => this.#onEnded(id, incarnation, detail),
      });
    } catch (error) {
      const reason = `not spawned: ${asError(error).message}`;
      this.#end(id, incarnation, { normal: false, reason, exitCode: null }, null);
      return;
    }
    const line: Line = { id, incarnation, isolation: spec.isolation, send: (frame) => realm.send(frame) };
    this.#live.set(id, { line, realm, pulse: null, lastFrame: null });
    const { module, args } = spec.start;
    const lanes = this.#switchboard.open(line);
    const heartbeatMs = this.#options.heartbeat.everyMs;
    line.send({ kind: "start", id, incarnation, module, args, sendsTo: spec.sendsTo, lanes, heartbeatMs });
  }

  /** The child is ready: it beats from now on, and its senders may talk to it. */
  admit(id: ActorId): void {
    const live = this.#live.get(id);
    if (!live) return;
    live.pulse = FRESH_PULSE;
    this.#options.log.ready(id, live.line.incarnation, live.realm.pid);
    this.#switchboard.admit(id);
  }

  stop(id: ActorId): void {
    this.#live.get(id)?.realm.send({ kind: "stop" });
  }

  kill(id: ActorId): void {
    this.#live.get(id)?.realm.kill();
  }

  /** Gives up on a realm; everybody who talked to the child is told that it is gone. */
  forget(id: ActorId): void {
    this.#live.delete(id);
    this.#switchboard.close(id);
    this.#surveys.gone(id);
  }

  /** Looks at every child's beats; to be called once per beat. */
  tick(): void {
    for (const live of [...this.#live.values()]) {
      if (!live.pulse) continue;
      live.pulse = ticked(live.pulse);
      const reason = unresponsiveness(live.pulse, this.#options.heartbeat.limit);
      if (reason === null) continue;
      live.pulse = null;
      this.#options.unresponsive(live.line.id, live.line.incarnation, reason);
    }
  }

  /** Asks every child that is ready; those late after `timeoutMs` are left out. */
  survey(question: string, timeoutMs: number): Promise<SurveyAnswers> {
    const ready = this.#options.children.flatMap(({ id }) => {
      const live = this.#live.get(id);
      return live && this.#switchboard.isAdmitted(id) ? live.line : [];
    });
    return this.#surveys.ask(ready, question, timeoutMs);
  }

  /** Finishes all surveys with what there is. */
  close(): void {
    this.#surveys.closeAll();
  }

  describe(id: ActorId): Pick<ChildStatus, "pid" | "deadLetters"> {
    const pid = this.#live.get(id)?.realm.pid ?? process.pid;
    return { pid, deadLetters: this.#deadLetters.of(id) };
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
        this.#options.ready(id, incarnation);
        break;
      case "heartbeat":
        if (live.pulse) live.pulse = beaten(live.pulse, frame);
        this.#countAllLost(frame.deadLetters);
        break;
      case "exited":
        live.lastFrame = frame;
        this.#countAllLost(frame.deadLetters);
        this.#options.after(LAST_FRAME_GRACE_MS, () => {
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
        send({ kind: "reply", requestId: frame.requestId, value: this.#options.status() });
        break;
      default:
        frame satisfies never;
    }
  }

  #onEnded(id: ActorId, incarnation: number, detail: string): void {
    const live = this.#live.get(id);
    if (live?.line.incarnation !== incarnation) return;
    this.forget(id);
    const last = live.lastFrame;
    if (last?.reason === "normal") {
      this.#end(id, incarnation, { normal: true, reason: "normal", exitCode: null }, last);
    } else {
      const failure = last?.error;
      const reason = failure ? `${failure.name}: ${failure.message}` : detail;
      this.#end(id, incarnation, { normal: false, reason, exitCode: failure?.exitCode ?? null }, last);
    }
  }

  #end(id: ActorId, incarnation: number, end: ChildEnd, last: ExitedFrame | null): void {
    this.#options.log.ended(id, incarnation, end, last);
    this.#options.ended(id, incarnation, end);
  }

  #countAllLost(counts: ExitedFrame["deadLetters"]): void {
    for (const { actor, reason, count } of counts) this.#countLost(actor, reason, count);
  }

  #countLost(actor: ActorId, reason: DeadLetterReason, count: number): void {
    this.#deadLetters.add(actor, reason, count);
    this.#options.log.deadLetters({ actor, reason, count });
  }
}
