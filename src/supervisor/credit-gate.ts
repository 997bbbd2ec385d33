/** The credits of one lane, and the senders that wait for one. */

import type { Clock } from "../core/clock.ts";

export interface Waiter {
  /** A credit was spent for this waiter. Called in the order of waiting, at most once. */
  granted(): void;
  /** No credit came: time is up (or the caller's signal aborted), or the lane has closed. */
  refused(reason: "timeout" | "peer_down"): void;
}

interface Parked {
  readonly waiter: Waiter;
  readonly release: () => void;
}

/** Invariant: 0 ≤ credits ≤ capacity, and nobody waits while there is a credit. */
export class CreditGate {
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #parked = new Set<Parked>();
  #credits: number;
  #closed = false;

  constructor(capacity: number, clock: Clock) {
    this.#capacity = capacity;
    this.#credits = capacity;
    this.#clock = clock;
  }

  get credits(): number {
    return this.#closed ? 0 : this.#credits;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Spends a credit if there is one. */
  take(): boolean {
    if (this.credits === 0) return false;
    this.#credits--;
    return true;
  }

  /** Spends a credit for `waiter`, now or when one comes back within `timeoutMs`. */
  wait(waiter: Waiter, timeoutMs: number, signal?: AbortSignal): void {
    if (this.#closed) waiter.refused("peer_down");
    else if (signal?.aborted) waiter.refused("timeout");
    else if (this.take()) waiter.granted();
    else this.#park(waiter, timeoutMs, signal);
  }

  /** Takes credits back from the receiver; those who wait are served first. */
  give(count: number): void {
    this.#credits = Math.min(this.#credits + count, this.#capacity);
    for (const parked of this.#parked) {
      if (!this.take()) return;
      this.#remove(parked);
      parked.waiter.granted();
    }
  }

  close(): void {
    this.#closed = true;
    for (const parked of [...this.#parked]) {
      this.#remove(parked);
      parked.waiter.refused("peer_down");
    }
  }

  #park(waiter: Waiter, timeoutMs: number, signal: AbortSignal | undefined): void {
    const giveUp = () => {
      this.#remove(parked);
      waiter.refused("timeout");
    };
    const timer = this.#clock.schedule(timeoutMs, giveUp);
    signal?.addEventListener("abort", giveUp, { once: true });
    const parked: Parked = {
      waiter,
      release: () => {
        timer.cancel();
        signal?.removeEventListener("abort", giveUp);
      },
    };
    this.#parked.add(parked);
  }

  #remove(parked: Parked): void {
    this.#parked.delete(parked);
    parked.release();
  }
}
