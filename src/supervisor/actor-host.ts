/** The child's side of the supervisor: starts one actor, beats for it, and is the one place that catches. */

import type { Clock, Timer } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Actor, StartActor } from "./actor.ts";
import { DeadLetters } from "./dead-letters.ts";
import { type ExitedFrame, openToChild, type ToChild, type ToParent } from "./frames.ts";
import { createContext } from "./host-context.ts";
import { HostLanes } from "./host-lanes.ts";
import { PendingReplies } from "./pending-replies.ts";
import { serialiseError } from "./serialised-error.ts";

/** Actor modules by the name child specifications use; imported only where they run. */
export type ModuleTable = Readonly<Record<string, () => Promise<{ readonly start: StartActor<never> }>>>;

/** The way to the supervisor. */
export interface ParentLink {
  /** Does nothing when the supervisor is gone. Throws DataCloneError for what cannot be cloned. */
  send(frame: ToParent): void;
  /** Sends the last frame, then ends the realm with `code`. */
  end(frame: ExitedFrame, code: number): void;
}

export interface HostOptions {
  readonly link: ParentLink;
  readonly modules: ModuleTable;
  readonly clock: Clock;
  readonly random: Random;
}

type StartFrame = Extract<ToChild, { readonly kind: "start" }>;

/**
 * `idle` → `starting` → `running` → `stopping` → `ended`. A stop request that comes while the actor starts is honoured
 * once it has started. Any failure leads to `ended` from everywhere; nothing happens after that.
 */
export class Host {
  readonly #options: HostOptions;
  readonly #stopping = new AbortController();
  readonly #deadLetters = new DeadLetters();
  readonly #replies: PendingReplies;
  #state: "idle" | "starting" | "running" | "stopping" | "ended" = "idle";
  #lanes: HostLanes | null = null;
  #actor: Actor | null = null;
  #progress = 0;
  #beat: Timer | null = null;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#replies = new PendingReplies(options.clock);
  }

  /** Takes what the supervisor sent. Never throws: a failure ends the actor. */
  accept(raw: unknown): void {
    if (this.#state === "ended") return;
    try {
      const frame = openToChild(raw);
      if (!frame) throw new Error("a frame of another version");
      this.#take(frame);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the actor as failed. */
  fail(error: unknown): void {
    if (this.#state === "ended") return;
    this.#leave();
    const deadLetters = this.#deadLetters.take();
    this.#options.link.end(
      { kind: "exited", reason: "failed", error: serialiseError(error), deadLetters },
      1,
    );
  }

  /** Stops the actor as the supervisor's `stop` does. */
  stop(): void {
    this.#stopping.abort();
    if (this.#state === "running") void this.#finish();
  }

  /** Leaves the actor where it is, unheard. For a realm that cannot be ended from outside. */
  abandon(): void {
    if (this.#state !== "ended") this.#leave();
  }

  #take(frame: ToChild): void {
    switch (frame.kind) {
      case "start":
        void this.#start(frame);
        break;
      case "stop":
        this.stop();
        break;
      case "connect":
        this.#lanes?.connect(frame);
        break;
      case "disconnect":
        this.#lanes?.disconnect(frame.direction, frame.peer, frame.incarnation);
        break;
      case "data":
        this.#lanes?.accept(frame);
        break;
      case "report":
        void this.#report(frame.requestId, frame.question);
        break;
      case "reply":
        this.#replies.resolve(frame.requestId, frame.value);
        break;
      default:
        frame satisfies never;
    }
  }

  async #start(frame: StartFrame): Promise<void> {
    this.#state = "starting";
    const { link, modules, clock, random } = this.#options;
    try {
      const lanes = new HostLanes({
        self: frame.id,
        sendsTo: frame.sendsTo,
        clock,
        deadLetters: this.#deadLetters,
        route: (data) => link.send(data),
        handle: (message, from) => this.#handle(message, from),
        failed: (error) => this.fail(error),
      });
      this.#lanes = lanes;
      for (const lane of frame.lanes) lanes.connect(lane);
      const load = modules[frame.module];
      if (!load) throw new Error(`no actor module ${frame.module}`);
      const { start } = (await load()) as { readonly start: StartActor };
      const context = createContext(frame, {
        clock,
        random,
        peers: lanes.peers,
        replies: this.#replies,
        stopping: this.#stopping.signal,
        send: (request) => link.send(request),
        progress: () => {
          this.#progress++;
        },
        fail: (error) => this.fail(error),
        done: () => this.stop(),
      });
      this.#run(await start(context), frame.heartbeatMs);
    } catch (error) {
      this.fail(error);
    }
  }

  #run(actor: Actor, heartbeatMs: number): void {
    if (this.#state !== "starting") return;
    this.#actor = actor;
    this.#state = "running";
    this.#options.link.send({ kind: "ready" });
    this.#scheduleBeat(heartbeatMs);
    if (this.#stopping.signal.aborted) void this.#finish();
  }

  #scheduleBeat(everyMs: number): void {
    this.#beat = this.#options.clock.schedule(everyMs, () => {
      try {
        const busy = (this.#actor?.busy?.() ?? false) || (this.#lanes?.busy ?? false);
        const deadLetters = this.#deadLetters.take();
        this.#options.link.send({ kind: "heartbeat", progress: this.#progress, busy, deadLetters });
        this.#scheduleBeat(everyMs);
      } catch (error) {
        this.fail(error);
      }
    });
  }

  async #handle(message: unknown, from: string): Promise<unknown> {
    if (!this.#actor?.receive) throw new Error(`a message from ${from}, but this actor receives none`);
    const answer = await this.#actor.receive(message, from);
    // Where an actor says that it is busy, only its own word counts: a hint taken in passing is not that work.
    if (!this.#actor?.busy?.()) this.#progress++;
    return answer;
  }

  async #report(requestId: number, question: string): Promise<void> {
    try {
      const answer = (await this.#actor?.report?.(question)) ?? null;
      if (this.#state !== "ended") this.#options.link.send({ kind: "reported", requestId, answer });
    } catch (error) {
      this.fail(error);
    }
  }

  async #finish(): Promise<void> {
    this.#state = "stopping";
    try {
      // What senders had posted before the supervisor's stop is in this realm, but may not have been delivered yet.
      await this.#options.clock.sleep(0);
      await this.#lanes?.idle();
      await this.#actor?.stop?.();
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#state !== "stopping") return;
    this.#leave();
    this.#options.link.end({ kind: "exited", reason: "normal", deadLetters: this.#deadLetters.take() }, 0);
  }

  #leave(): void {
    this.#state = "ended";
    this.#beat?.cancel();
    this.#stopping.abort();
  }
}
