/** A point in monotonic time by which an answer must exist, handed down through every wait. */

import { type Clock, systemClock } from "./clock.ts";

export class DeadlineExceededError extends Error {
  override name = "DeadlineExceededError";
}

/** Below this many ms nothing new is started: it could not end in time. */
export const MIN_START_MS = 5;

export class Deadline {
  /** What there was at the start, in ms: shares of a deadline are shares of this. */
  readonly budgetMs: number;
  readonly #atMs: number;
  readonly #clock: Clock;

  private constructor(budgetMs: number, clock: Clock) {
    this.budgetMs = budgetMs;
    this.#atMs = clock.monotonicMs() + budgetMs;
    this.#clock = clock;
  }

  /** A deadline `budgetMs` from now. */
  static after(budgetMs: number, clock: Clock = systemClock): Deadline {
    return new Deadline(budgetMs, clock);
  }

  /** Milliseconds left, never negative. */
  remainingMs(): number {
    return Math.max(0, this.#atMs - this.#clock.monotonicMs());
  }

  /** True when less than `MIN_START_MS` is left. */
  get expired(): boolean {
    return this.remainingMs() < MIN_START_MS;
  }

  /** The earlier of this deadline and `capMs` from now. */
  capped(capMs: number): Deadline {
    return new Deadline(Math.min(this.#atMs - this.#clock.monotonicMs(), capMs), this.#clock);
  }

  /**
   * Settles like `work`, or rejects with `DeadlineExceededError` when time is up.
   * `onTimeout` releases what `work` holds; `work` itself goes on unobserved.
   */
  async race<T>(work: Promise<T>, onTimeout?: () => void): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = this.#clock.schedule(this.remainingMs(), () => {
      reject(new DeadlineExceededError("deadline exceeded"));
      onTimeout?.();
    });
    work.catch(() => {}); // A late failure of abandoned work has no reader left.
    try {
      return await Promise.race([work, promise]);
    } finally {
      timer.cancel();
    }
  }
}
