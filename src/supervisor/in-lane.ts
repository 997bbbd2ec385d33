/** The receiving end of a lane: handles one message at a time and gives credits back. */

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
  readonly wire: LaneWire;
  readonly deadLetters: DeadLetters;
  readonly handle: (message: unknown, from: ActorId) => unknown;
  /** Called once, with what a handler threw; the lane handles nothing more. */
  readonly failed: (error: unknown) => void;
  /** Called whenever the lane has nothing left to handle. */
  readonly idle: () => void;
}

type MessageFrame = Extract<LaneFrame, { readonly kind: "message" }>;

/**
 * `open` → `closed`, when the sender dies: what it had handed over is still handled, but nobody is answered.
 * `failed` after a throw: nothing more is handled, because the realm is about to end.
 */
export class InLane {
  readonly #options: InLaneOptions;
  readonly #returnAt: number;
  #queue: MessageFrame[] = [];
  #running = false;
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

  /** True while messages wait or one is being handled. */
  get busy(): boolean {
    return this.#running;
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
    if (!this.#running && !this.#failed) void this.#run();
  }

  close(): void {
    this.#closed = true;
    if (!this.#running) this.#options.wire.close();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0 && !this.#failed) {
      const batch = this.#queue;
      this.#queue = [];
      for (const frame of batch) {
        await this.#handleOne(frame);
        if (this.#failed) break;
      }
    }
    this.#running = false;
    if (this.#failed) return;
    this.#returnCredits(1);
    if (this.#closed) this.#options.wire.close();
    this.#options.idle();
  }

  async #handleOne({ message, askId }: MessageFrame): Promise<void> {
    try {
      const value = await this.#options.handle(message, this.#options.peer);
      if (askId !== null) this.#reply({ kind: "answer", askId, value });
    } catch (error) {
      this.#failed = true;
      if (askId !== null) this.#reply({ kind: "refusal", askId, error: serialiseError(error) });
      this.#options.failed(error);
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
