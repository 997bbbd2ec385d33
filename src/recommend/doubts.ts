/**
 * Whose shared entries may be older than what this worker knows: something committed, and nobody can say when the
 * entry from before is gone. Until it has ended by itself the store is read.
 */

import type { Clock } from "../core/clock.ts";

export interface DoubtsOptions {
  readonly clock: Clock;
  /** The longest life of an entry. */
  readonly lifeMs: number;
  readonly maxNames: number;
}

export class Doubts {
  readonly #options: DoubtsOptions;
  /** When each ends, in order. */
  readonly #ends = new Map<string, number>();
  #allUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: DoubtsOptions) {
    this.#options = options;
  }

  has(name: string): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    return nowMs < this.#allUntilMs || nowMs < (this.#ends.get(name) ?? Number.NEGATIVE_INFINITY);
  }

  /** Too many to remember one by one put everything in doubt. */
  add(names: readonly string[]): void {
    const { clock, lifeMs, maxNames } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const [name, endMs] of this.#ends) {
      if (endMs > nowMs) break;
      this.#ends.delete(name);
    }
    for (const name of names) {
      this.#ends.delete(name);
      this.#ends.set(name, nowMs + lifeMs);
    }
    if (this.#ends.size <= maxNames) return;
    this.#ends.clear();
    this.#allUntilMs = nowMs + lifeMs;
  }
}
