/** The receiving end of a lane: hands messages to the actor, in order, and gives credits back. */

import type { ActorId } from "./actor.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { LaneFrame } from "./frames.ts";
import type { LaneWire } from "./lane-wire.ts";
import { serialiseError } from "./serialised-error.ts";

export interface InLaneOptions {
  readonly self: ActorId;
  readonly peer: ActorId;
  /** The sender's. */
  readonly incarnation: number;
  readonly capacity: number;
  /** Messages that are handled at once; with 1 each waits until the one before it is done. */
  readonly concurrency: number;
  readonly wire: LaneWire;
  readonly deadLetters: DeadLetters;
  readonly handle: (message: unknown, from: ActorId) => unknown;
  /** Called once, with what a handler threw first; the lane begins nothing more. */
  readonly failed: (error: unknown) => void;
  /** Called whenever the lane has nothing left to handle. */
  readonly idle: () => void;
}

type MessageFrame = Extract<LaneFrame, { readonly kind: "message" }>;

/**
 * `open` → `closed`, when the sender dies: what it had handed over is still handled, but nobody is answered.
 * `failed` after a throw: nothing more is begun, because the realm is about to end.
 */
export class InLane {
  readonly #options: InLaneOptions;
  readonly #returnAt: number;
  #queue: MessageFrame[] = [];
  #inHand = 0;
  #failed = false;
  #closed = false;
  #handled = 0;

  constructor(options: InLaneOptions) {
    this.#options = options;
    this.#returnAt = Math.max(1, options.capacity >> 1);
  }

  get peer(): ActorId {
    return this.#options.peer;
  }

  get incarnation(): number {
    return this.#options.incarnation;
  }

  /** True while a message is being handled; none waits without one. */
  get busy(): boolean {
    return this.#inHand > 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  accept(frame: LaneFrame): void {
    if (frame.kind !== "message") {
      this.#options.deadLetters.add(this.#options.self, "unknown_frame");
      return;
    }
    this.#queue.push(frame);
    if (this.#inHand < this.#options.concurrency && !this.#failed) void this.#run();
  }

  close(): void {
    this.#closed = true;
    if (!this.busy) this.#options.wire.close();
  }

  /** One of up to `concurrency` runners: takes messages until none waits. */
  async #run(): Promise<void> {
    this.#inHand++;
    for (let frame = this.#queue.shift(); frame && !this.#failed; frame = this.#queue.shift()) {
      await this.#handleOne(frame);
    }
    this.#inHand--;
    if (this.#failed || this.busy) return;
    this.#returnCredits(1);
    if (this.#closed) this.#options.wire.close();
    this.#options.idle();
  }

  async #handleOne({ message, askId }: MessageFrame): Promise<void> {
    try {
      const value = await this.#options.handle(message, this.#options.peer);
      if (askId !== null) this.#reply({ kind: "answer", askId, value });
    } catch (error) {
      const isFirst = !this.#failed;
      this.#failed = true;
      if (askId !== null) this.#reply({ kind: "refusal", askId, error: serialiseError(error) });
      if (isFirst) this.#options.failed(error);
      return;
    }
    this.#handled++;
    this.#returnCredits(this.#returnAt);
  }

  #returnCredits(atLeast: number): void {
    if (this.#closed || this.#handled < atLeast) return;
    this.#options.wire.post({ kind: "credit", count: this.#handled });
    this.#handled = 0;
  }

  #reply(frame: LaneFrame): void {
    if (this.#closed) this.#options.deadLetters.add(this.#options.peer, "late_reply");
    else this.#options.wire.post(frame);
  }
}
