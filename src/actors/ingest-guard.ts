/** Keeps writes away from a store that cannot take them, so that callers are refused at once. */

import { type Breaker, BreakerOpenError } from "../core/breaker.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import type { IngestStore } from "../events/ports.ts";

type Reason = StoreUnavailableError["reason"];

/** Not `contention` and `pool`: there the store answers, others are in the way. */
const FAILURES: ReadonlySet<Reason> = new Set(["connect", "timeout", "read_only", "disk_full"]);

/** Seen by a breaker that asks whether the store takes writes again, these say nothing. */
const OTHERS: ReadonlySet<Reason> = new Set(["pool", "contention"]);

/** Failures of a store that was out of reach: when it answers at all, it may take writes again. */
const OUT_OF_REACH: ReadonlySet<Reason> = new Set(["connect", "timeout"]);

const reasonOf = (error: unknown): Reason | null =>
  error instanceof StoreUnavailableError ? error.reason : null;

export interface GuardedIngest extends IngestStore {
  /** A read succeeded: says nothing of a store that takes no writes. */
  storeAnswered(): void;
}

/** While the breaker is open nothing is written and the store is not asked. */
export function guardIngest(store: IngestStore, breaker: Breaker): GuardedIngest {
  let lastFailure: Reason | null = null;
  const isFailure = (error: unknown) => {
    const reason = reasonOf(error);
    if (reason === null || !FAILURES.has(reason)) return false;
    lastFailure = reason;
    return true;
  };
  const saysNothing = (error: unknown) => {
    const reason = reasonOf(error);
    return reason !== null && OTHERS.has(reason);
  };
  return {
    async accept(plans, deadline) {
      try {
        return await breaker.run(() => store.accept(plans, deadline), isFailure, saysNothing);
      } catch (error) {
        if (!(error instanceof BreakerOpenError)) throw error;
        throw new StoreUnavailableError("connect", "the store takes no writes now", { cause: error });
      }
    },
    storeAnswered() {
      if (lastFailure !== null && OUT_OF_REACH.has(lastFailure)) breaker.pingSucceeded();
    },
  };
}
