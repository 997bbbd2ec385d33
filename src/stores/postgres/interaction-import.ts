/** Imports events in bulk, with the same incremental fold as live events, so that the tree may serve meanwhile. */

import type { Clock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { effectiveInteraction } from "../../events/interaction.ts";
import type { AnyEvent } from "../../events/model.ts";
import type { IngestPlan } from "../../events/ports.ts";
import { withContentionRetry } from "./contention.ts";
import { ingest } from "./ingest-store.ts";
import type { Pool } from "./pool-types.ts";

/** Plans a transaction holds: each user of it holds a lock of the server's bounded lock table until it ends. */
export const IMPORT_CHUNK_SIZE = 1000;

export interface ImportCounts {
  readonly inserted: number;
  readonly duplicates: number;
}

export interface ImportOptions {
  /** Write outbox rows: watches then reach the features through the stream. Otherwise they do at once. */
  readonly publish: boolean;
}

/**
 * Stores `plans` in transactions of `IMPORT_CHUNK_SIZE`. Event ids that are known are counted and skipped, so an
 * import that was cut off is continued by repeating it. Fastest when plans come sorted by user.
 * Throws StoreUnavailableError or StoreDataError; chunks before the failing one stay stored.
 */
export async function importEvents(
  pool: Pool,
  plans: readonly IngestPlan[],
  { publish }: ImportOptions,
  clock: Clock,
  deadline: Deadline,
): Promise<ImportCounts> {
  const effect = (event: AnyEvent) =>
    event.kind === "direct" || (event.kind === "watch" && !publish)
      ? effectiveInteraction(event, clock.nowMs())
      : null;
  let inserted = 0;
  for (let from = 0; from < plans.length; from += IMPORT_CHUNK_SIZE) {
    const chunk = plans.slice(from, from + IMPORT_CHUNK_SIZE).map((plan) => {
      const outbox = publish ? plan.outbox : null;
      return { ...plan, outbox, imported: outbox === null };
    });
    const { outcomes } = await withContentionRetry(deadline, () =>
      pool.transaction("write", deadline, (tx) => ingest(tx, chunk, effect)),
    );
    inserted += outcomes.filter((outcome) => outcome === "accepted").length;
  }
  return { inserted, duplicates: plans.length - inserted };
}
