/** The sending end of a lane. */

import type { Clock } from "../core/clock.ts";
import { type ActorId, type ChildSpec, PeerDownError, type SendResult } from "./actor.ts";
import { CreditGate } from "./credit-gate.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { LaneFrame } from "./frames.ts";
import type { LaneWire } from "./lane-wire.ts";
import { PendingReplies } from "./pending-replies.ts";
import { revivedError } from "./serialised-error.ts";

export interface OutLaneOptions {
  readonly self: ActorId;
  readonly peer: ActorId;
  /** The receiver's. */
  readonly incarnation: number;
  readonly mailbox: ChildSpec["mailbox"];
  readonly wire: LaneWire;
  readonly clock: Clock;
  readonly deadLetters: DeadLetters;
}

/** `open` → `closed`, when the peer dies. A closed lane holds nothing: whoever waited was told at once. */
export class OutLane {
  readonly #options: OutLaneOptions;
  readonly #gate: CreditGate;
  readonly #replies: PendingReplies;

  constructor(options: OutLaneOptions) {
    this.#options = options;
    this.#gate = new CreditGate(options.mailbox.capacity, options.clock);
    this.#replies = new PendingReplies(options.clock);
  }

  get incarnation(): number {
    return this.#options.incarnation;
  }

  get credits(): number {
    return this.#gate.credits;
  }

  offer(message: unknown): SendResult {
    if (this.#gate.closed) return this.#undelivered("peer_down");
    if (this.#gate.take()) {
      this.#post(message, null);
      return { sent: true };
    }
    // A sender refused by a `sync` mailbox may still wait: nothing is lost yet.
    return this.#options.mailbox.overflow === "drop"
      ? this.#undelivered("full")
      : { sent: false, reason: "full" };
  }

  tell(message: unknown, timeoutMs: number, signal?: AbortSignal): Promise<SendResult> {
    return new Promise((resolve, reject) => {
      if (this.#options.mailbox.overflow === "drop") {
        resolve(this.offer(message));
        return;
      }
      const waiter = {
        granted: () => {
          try {
            this.#post(message, null);
            resolve({ sent: true });
          } catch (notCloneable) {
            reject(notCloneable);
          }
        },
        refused: (reason: "timeout" | "peer_down") => resolve(this.#undelivered(reason)),
      };
      this.#gate.wait(waiter, timeoutMs, signal);
    });
  }

  ask(message: unknown, timeoutMs: number, signal?: AbortSignal): Promise<unknown> {
    const { requestId, reply } = this.#replies.open(this.#options.peer, timeoutMs, signal);
    const waiter = {
      granted: () => {
        try {
          this.#post(message, requestId);
        } catch (notCloneable) {
          this.#replies.reject(requestId, notCloneable);
        }
      },
      refused: (reason: "timeout" | "peer_down") => {
        this.#undelivered(reason);
        if (reason === "peer_down") this.#replies.reject(requestId, this.#peerDown());
      },
    };
    this.#gate.wait(waiter, timeoutMs, signal);
    return reply;
  }

  /** Takes a frame that came back along the lane. */
  accept(frame: LaneFrame): void {
    const { self, deadLetters } = this.#options;
    switch (frame.kind) {
      case "credit":
        this.#gate.give(frame.count);
        break;
      case "answer":
        if (!this.#replies.resolve(frame.askId, frame.value)) deadLetters.add(self, "late_reply");
        break;
      case "refusal":
        if (!this.#replies.reject(frame.askId, revivedError(frame.error)))
          deadLetters.add(self, "late_reply");
        break;
      case "message":
        deadLetters.add(self, "unknown_frame");
        break;
      default:
        frame satisfies never;
    }
  }

  close(): void {
    if (this.#gate.closed) return;
    this.#gate.close();
    this.#replies.rejectAll(this.#peerDown());
    this.#options.wire.close();
  }

  /** Posts with a credit already spent, which comes back if the message cannot be cloned. */
  #post(message: unknown, askId: number | null): void {
    try {
      this.#options.wire.post({ kind: "message", message, askId });
    } catch (notCloneable) {
      this.#gate.give(1);
      throw notCloneable;
    }
  }

  #undelivered(reason: "full" | "timeout" | "peer_down"): SendResult {
    this.#options.deadLetters.add(this.#options.peer, reason);
    return { sent: false, reason };
  }

  #peerDown(): PeerDownError {
    return new PeerDownError(`${this.#options.peer} is down`);
  }
}
