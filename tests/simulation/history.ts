/** What the outside world did and was told: the measure that the stores are held against. */

import type { AnyEvent } from "../../src/events/model.ts";
import type { IngestPlan } from "../../src/events/ports.ts";

/**
 * What is wrong with an event. `payload`: its outbox row holds no object. `too_large`: the log refuses it for good.
 * `data`, `unknown`: applying it fails for its own fault. `killer`: applying it kills the process.
 * `stuck`: applying it fails as if the store were down. `unstorable`: ingest refuses it.
 */
export type Poison = "payload" | "too_large" | "data" | "unknown" | "killer" | "stuck" | "unstorable";

export interface Posted {
  /** Id of the consumed marker; `direct-<id>` of events that are not streamed. */
  readonly key: string;
  /** As the client sent it first. */
  readonly event: AnyEvent;
  poison: Poison | null;
  /** Was wrong at the start: it may have become a dead letter before it was healed. */
  readonly wasPoison: boolean;
  /** A client got an answer that says the event is stored. */
  acknowledged: boolean;
}

export class History {
  readonly posted = new Map<string, Posted>();
  /** First occurrences in the log, in order. */
  readonly firstAppends = new Map<string, number>();
  /** A topic lost records, or the log cut off what nobody had read. */
  lostRecords = false;

  poisonOf(key: string): Poison | null {
    return this.posted.get(key)?.poison ?? null;
  }

  noteAppend(key: string): boolean {
    if (this.firstAppends.has(key)) return false;
    this.firstAppends.set(key, this.firstAppends.size);
    return true;
  }
}

/** What ledger, marker and log know an event by. */
export const keyOf = ({ kind, eventId }: Pick<AnyEvent, "kind" | "eventId">) => `${kind}-${eventId}`;

export const keyOfPlan = ({ event }: IngestPlan) => keyOf(event);
