/** Counts messages that reached nobody. */

import type { ActorId, DeadLetterReason } from "./actor.ts";

export interface DeadLetterCount {
  /** Whom the message was for. */
  readonly actor: ActorId;
  readonly reason: DeadLetterReason;
  readonly count: number;
}

export class DeadLetters {
  readonly #counts = new Map<string, DeadLetterCount>();

  add(actor: ActorId, reason: DeadLetterReason, by = 1): void {
    const key = `${reason} ${actor}`;
    const count = (this.#counts.get(key)?.count ?? 0) + by;
    this.#counts.set(key, { actor, reason, count });
  }

  /** What was counted since the last call. */
  take(): readonly DeadLetterCount[] {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    return counts;
  }

  /** Counts for one actor by reason. */
  of(actor: ActorId): Partial<Record<DeadLetterReason, number>> {
    const own = [...this.#counts.values()].filter((entry) => entry.actor === actor);
    return Object.fromEntries(own.map(({ reason, count }) => [reason, count]));
  }
}
