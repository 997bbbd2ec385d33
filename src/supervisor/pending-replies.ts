/** Requests that wait for their reply; each has a time limit. */

import type { Clock } from "../core/clock.ts";
import { AskTimeoutError } from "./actor.ts";

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

export class PendingReplies {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new request to `who`: rejects with AskTimeoutError after `timeoutMs`, or with the signal's reason. */
  open(
    who: string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): { readonly requestId: number; readonly reply: Promise<unknown> } {
    const requestId = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const aborted = () => this.reject(requestId, signal?.reason);
    const timer = this.#clock.schedule(timeoutMs, () =>
      this.reject(requestId, new AskTimeoutError(`${who} did not answer within ${timeoutMs} ms`)),
    );
    const release = () => {
      timer.cancel();
      signal?.removeEventListener("abort", aborted);
    };
    this.#pending.set(requestId, {
      resolve: (value) => {
        release();
        resolve(value);
      },
      reject: (reason) => {
        release();
        reject(reason);
      },
    });
    signal?.addEventListener("abort", aborted, { once: true });
    if (signal?.aborted) aborted();
    return { requestId, reply: promise };
  }

  /** False when nobody waits for this reply any more. */
  resolve(requestId: number, value: unknown): boolean {
    const pending = this.#take(requestId);
    pending?.resolve(value);
    return pending !== undefined;
  }

  /** False when nobody waits for this reply any more. */
  reject(requestId: number, reason: unknown): boolean {
    const pending = this.#take(requestId);
    pending?.reject(reason);
    return pending !== undefined;
  }

  rejectAll(reason: unknown): void {
    for (const requestId of [...this.#pending.keys()]) this.reject(requestId, reason);
  }

  #take(requestId: number): Pending | undefined {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    return pending;
  }
}
