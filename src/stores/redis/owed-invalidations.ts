/**
 * Invalidations on their way to Redis, in the order of their commits. One that fails is owed until Redis takes it: an
 * entry of before the commit must not outlive an outage. They are bounded; what does not fit is left to the entries'
 * time to live, of those that are not on their way the oldest, because theirs is over soonest.
 */

import { asError } from "../../core/errors.ts";

export interface Invalidation {
  readonly keys: readonly string[];
  /** For all nodes. */
  readonly message: string;
}

export interface OwedPorts {
  /** Rejects when it is not known to be made; then it is sent again, which does no harm. */
  readonly send: (one: Invalidation) => Promise<void>;
  readonly onDropped: () => void;
  readonly onFailed: (error: Error) => void;
}

const MAX_KEYS = 100_000;
/** Sent together, in one round trip. */
const MAX_TOGETHER = 50;

export class OwedInvalidations {
  readonly #ports: OwedPorts;
  #owed: Invalidation[] = [];
  #keys = 0;
  #paying: Promise<void> | null = null;

  constructor(ports: OwedPorts) {
    this.#ports = ports;
  }

  add(one: Invalidation): void {
    this.#owed.push(one);
    this.#keys += one.keys.length;
    this.#bound();
    this.pay();
  }

  /** Sends what is owed, until that is nothing or a send fails. */
  pay(): void {
    this.#paying ??= this.#pay().finally(() => {
      this.#paying = null;
    });
  }

  /** Tries once more; what cannot be sent now is given up. */
  async close(): Promise<void> {
    await this.#paying;
    this.pay();
    await this.#paying;
    this.#owed = [];
  }

  async #pay(): Promise<void> {
    while (this.#owed.length > 0) {
      const together = this.#owed.splice(0, MAX_TOGETHER);
      const results = await Promise.allSettled(together.map((one) => this.#ports.send(one)));
      const failed = results.find((result) => result.status === "rejected");
      if (!failed) {
        for (const { keys } of together) this.#keys -= keys.length;
        continue;
      }
      this.#owed.unshift(...together);
      this.#bound();
      this.#ports.onFailed(asError(failed.reason));
      return;
    }
  }

  #bound(): void {
    while (this.#keys > MAX_KEYS && this.#owed.length > 1) {
      this.#keys -= this.#owed.shift()?.keys.length ?? 0;
      this.#ports.onDropped();
    }
  }
}
