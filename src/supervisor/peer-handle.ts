/** A peer as the actor holds it: stays the same while lanes come and go with the peer's incarnations. */

import { type ActorId, type Peer, PeerDownError, type SendResult } from "./actor.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { OutLane } from "./out-lane.ts";

const TELL_TIMEOUT_MS = 5_000;

export class PeerHandle implements Peer<unknown> {
  readonly id: ActorId;
  readonly #deadLetters: DeadLetters;
  lane: OutLane | null = null;

  constructor(id: ActorId, deadLetters: DeadLetters) {
    this.id = id;
    this.#deadLetters = deadLetters;
  }

  credits(): number {
    return this.lane?.credits ?? 0;
  }

  offer(message: unknown): SendResult {
    return this.lane ? this.lane.offer(message) : this.#down();
  }

  async tell(
    message: unknown,
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<SendResult> {
    if (!this.lane) return this.#down();
    return await this.lane.tell(message, options.timeoutMs ?? TELL_TIMEOUT_MS, options.signal);
  }

  async ask<Answer>(message: unknown, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Answer> {
    if (!this.lane) {
      this.#down();
      throw new PeerDownError(`${this.id} is down`);
    }
    return (await this.lane.ask(message, options.timeoutMs, options.signal)) as Answer;
  }

  #down(): SendResult {
    this.#deadLetters.add(this.id, "peer_down");
    return { sent: false, reason: "peer_down" };
  }
}
