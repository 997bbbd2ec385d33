/** Keeps writes away from a store that cannot take them, so that callers are refused at once. */

import { type Breaker, BreakerOpenError } from "../core/breaker.ts";
import { StoreUnavailableError } from "../core/errors.ts";
import type { IngestStore } from "../events/ports.ts";

/** Not `contention` and `pool`: there the store answers, others are in the way. */
const FAILURES: ReadonlySet<StoreUnavailableError["reason"]> = new Set([
  "connect",
  "timeout",
  "read_only",
  "disk_full",
]);

const isFailure = (error: unknown) => error instanceof StoreUnavailableError && FAILURES.has(error.reason);

/** While the breaker is open nothing is written and the store is not asked. */
export function guardIngest(store: IngestStore, breaker: Breaker): IngestStore {
  return {
    async accept(plans, deadline) {
      try {
        return await breaker.run(() => store.accept(plans, deadline), isFailure);
      } catch (error) {
        if (!(error instanceof BreakerOpenError)) throw error;
        throw new StoreUnavailableError("connect", "the store takes no writes now", { cause: error });
      }
    },
  };
}
