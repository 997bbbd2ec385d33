/** Keeps the slates of client-chosen request ids for a minute, so that a retry sees what was logged. */

import type { Clock } from "../core/clock.ts";
import type { ImpressionEvent } from "../events/model.ts";
import type { Slated } from "./pages.ts";

const TTL_MS = 60_000;
const MAX_SLATES = 10_000;

/** What makes a call a repeat of an earlier one. */
export interface SlateKey {
  readonly requestId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly k: number;
  /** Texts of the expressions; null where the call has none. */
  readonly filter: string | null;
  readonly boost: string | null;
  /** Of the page asked for; null for the first one. */
  readonly cursor: string | null;
}

export interface KeptSlate {
  readonly slated: Slated;
  /** Logged again with the retry: the store knows it, or lost it and gets it now. */
  readonly impression: ImpressionEvent;
}

const PARTS = [
  "userId",
  "sessionId",
  "k",
  "filter",
  "boost",
  "cursor",
] as const satisfies readonly (keyof SlateKey)[];

interface Entry {
  readonly key: SlateKey;
  readonly slate: KeptSlate;
  readonly expiresMs: number;
}

export class RetrySlates {
  readonly #clock: Clock;
  readonly #maxSlates: number;
  /** By request id, oldest first: all live equally long, so the first to expire is the first in. */
  readonly #entries = new Map<string, Entry>();
  readonly #requestIdsOf = new Map<string, Set<string>>();

  constructor(clock: Clock, maxSlates = MAX_SLATES) {
    this.#clock = clock;
    this.#maxSlates = maxSlates;
  }

  /** Number of slates held, expired ones included until the next `keep`. */
  get size(): number {
    return this.#entries.size;
  }

  find(key: SlateKey): KeptSlate | null {
    const entry = this.#entries.get(key.requestId);
    if (entry === undefined || entry.expiresMs <= this.#clock.monotonicMs()) return null;
    return PARTS.every((part) => entry.key[part] === key[part]) ? entry.slate : null;
  }

  keep(key: SlateKey, slate: KeptSlate): void {
    this.#remove(key.requestId);
    const nowMs = this.#clock.monotonicMs();
    this.#makeRoom(nowMs);
    this.#entries.set(key.requestId, { key, slate, expiresMs: nowMs + TTL_MS });
    const own = this.#requestIdsOf.get(key.userId);
    if (own) own.add(key.requestId);
    else this.#requestIdsOf.set(key.userId, new Set([key.requestId]));
  }

  /** Call when an event of this user was applied: the next answer must show it. */
  forget(userId: string): void {
    const own = this.#requestIdsOf.get(userId);
    if (own === undefined) return;
    for (const requestId of [...own]) this.#remove(requestId);
  }

  #makeRoom(nowMs: number): void {
    for (const [requestId, entry] of this.#entries) {
      if (entry.expiresMs > nowMs && this.#entries.size < this.#maxSlates) return;
      this.#remove(requestId);
    }
  }

  #remove(requestId: string): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    this.#entries.delete(requestId);
    const own = this.#requestIdsOf.get(entry.key.userId);
    own?.delete(requestId);
    if (own?.size === 0) this.#requestIdsOf.delete(entry.key.userId);
  }
}
