/** What an actor is to the runtime: the contract between actor files and the supervisor. */

import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";

export type ActorId = string;

/** What became of a message handed over with `tell`. */
export type SendResult =
  | { readonly sent: true }
  | { readonly sent: false; readonly reason: "full" | "timeout" | "peer_down" };

/** Why a message between actors found no receiver, or a reply no reader. */
export type DeadLetterReason =
  | "peer_down"
  | "full"
  | "timeout"
  | "late_reply"
  | "old_incarnation"
  | "unknown_frame";

/** The peer died, or was replaced, before it answered. */
export class PeerDownError extends Error {
  override name = "PeerDownError";
}

/** The peer did not answer within the time the caller gave. */
export class AskTimeoutError extends Error {
  override name = "AskTimeoutError";
}

/**
 * A failure that no restart can mend, such as a drifted schema.
 * Thrown by an actor, it makes the supervisor stop the tree in order and end with `exitCode`.
 */
export class FatalError extends Error {
  override name = "FatalError";
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Another actor, addressed by its stable id; survives restarts of that actor. */
export interface Peer<Message> {
  readonly id: ActorId;
  /**
   * Hands `message` over, spending one credit of the receiver's mailbox.
   * Without a credit: mailbox overflow `drop` answers `full` at once; `sync` waits up to `timeoutMs` (default 5000).
   * At most once, in order per sender. Never throws.
   */
  tell(message: Message, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<SendResult>;
  /** As `tell`, but never waits: without a credit the answer is `full`, whatever the mailbox's overflow mode. */
  offer(message: Message): SendResult;
  /** Messages this sender may hand over before it must wait. */
  credits(): number;
  /**
   * Sends `message` and resolves with the value its handler returns.
   * Rejects with `PeerDownError`, `AskTimeoutError`, or an Error that carries the handler's name and message.
   */
  ask<Answer>(message: Message, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Answer>;
}

export type ChildState = "starting" | "running" | "backing_off" | "stopping" | "stopped" | "failed";

/** One child as the supervisor sees it. */
export interface ChildStatus {
  readonly id: ActorId;
  readonly state: ChildState;
  readonly isolation: Isolation;
  readonly incarnation: number;
  readonly restarts: number;
  /** Process id; the root's own for threads and inline actors. */
  readonly pid: number;
  readonly uptimeMs: number;
  /** Why the last incarnation ended, if one did. */
  readonly lastExit: string | null;
  /** Undeliverable messages addressed to this child since the tree started, by reason. */
  readonly deadLetters: Readonly<Partial<Record<DeadLetterReason, number>>>;
}

/** What `start` receives. */
export interface ActorContext<Args = unknown> {
  readonly id: ActorId;
  /** Grows by one at each restart, from 1. */
  readonly incarnation: number;
  readonly args: Args;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the supervisor asks this actor to stop, before `stop` is called. */
  readonly stopping: AbortSignal;
  /** Says that work got done, or that the actor waits on purpose (declared back-off): feeds the heartbeat. */
  progress(): void;
  /** A peer named in this child's `sendsTo`; throws for any other id, so that tree.ts shows every channel. */
  peer<Message>(id: ActorId): Peer<Message>;
  /** All peers of `sendsTo` whose id is `prefix` or starts with `prefix-`. */
  peers<Message>(prefix: string): readonly Peer<Message>[];
  /** Asks every running child, this one included, for its `report(question)`; those late after `timeoutMs` are left out. */
  survey(question: string, timeoutMs: number): Promise<readonly { id: ActorId; answer: unknown }[]>;
  /** The whole tree as the supervisor sees it. */
  tree(timeoutMs: number): Promise<readonly ChildStatus[]>;
  /** Ends this actor as failed. For background loops: a failure that no caller awaits must not stay silent. */
  fail(error: unknown): void;
  /** Ends this actor as normal, through `stop`: its work is done. A `transient` child is not started again. */
  done(): void;
}

/** A started actor. */
export interface Actor<Message = unknown> {
  /** Handles a message, one at a time per sender unless the mailbox says otherwise; a returned value answers an `ask`. A throw ends the actor. */
  receive?(message: Message, from: ActorId): unknown;
  /** Answers a survey; must be quick and must not throw. */
  report?(question: string): unknown;
  /** True while work waits: without progress for the heartbeat limit the supervisor then restarts the actor. */
  busy?(): boolean;
  /** Finishes accepted work; has `shutdownMs` from the supervisor's stop. */
  stop?(): Promise<void>;
}

/** An actor file's composition root. Resolves when the actor is ready to serve. */
export type StartActor<Args = unknown> = (context: ActorContext<Args>) => Promise<Actor>;

export type Isolation = "thread" | "process" | "inline";

export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
  /** Up to this share is added to or taken from each delay, e.g. 0.2. */
  readonly jitter: number;
  /** A child that lived this long starts again at `minMs`. */
  readonly resetAfterMs: number;
}

export interface Mailbox {
  /** Credits of each sender: messages it may have outstanding. A credit comes back when its message is handled. */
  readonly capacity: number;
  readonly overflow: "sync" | "drop";
  /**
   * Messages of one sender that are handled at once, default 1. They begin in order; more than 1 is for actors whose
   * handlers wait on something outside and keep no order between messages.
   */
  readonly concurrency?: number;
}

/** How one child is started, restarted and stopped. All values can be cloned between realms. */
export interface ChildSpec<Args = unknown> {
  readonly id: ActorId;
  /** Name of the actor module, resolved by the realm's module table, and its arguments. */
  readonly start: { readonly module: string; readonly args: Args };
  readonly isolation: Isolation;
  /** `permanent`: always restarted; `transient`: only after an abnormal end; `temporary`: never. */
  readonly restart: "permanent" | "transient" | "temporary";
  /** From spawn to the `ready` frame. */
  readonly startTimeoutMs: number;
  /** From `stop` to the `exited` frame; then the child is killed. */
  readonly shutdownMs: number;
  readonly backoff: Backoff;
  readonly mailbox: Mailbox;
  /** Ids this child may send to. */
  readonly sendsTo: readonly ActorId[];
}

export interface SupervisorSpec {
  /** More than this many restarts of one child within `periodMs` ends the tree. */
  readonly intensity: number;
  readonly periodMs: number;
  /** Bound on the whole ordered stop; then everything is killed. */
  readonly shutdownMs: number;
  /** In start order: sinks before sources. Stopped in reverse; neighbours of one kind (`http-0`, `http-1`) side by side. */
  readonly children: readonly ChildSpec[];
}
