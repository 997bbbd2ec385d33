/** Stores accepted events: ledger, facts, outbox rows and features in one transaction. */

import type { Clock } from "../../core/clock.ts";
import { effectiveInteraction } from "../../events/interaction.ts";
import type { AnyEvent, Interaction } from "../../events/model.ts";
import type { IngestOutcome, IngestPlan, IngestResult, IngestStore } from "../../events/ports.ts";
import { withContentionRetry } from "./contention.ts";
import { applyInteractions, DIRECT_HISTORY_SIZE } from "./feature-fold.ts";
import { insertImpressions, insertWatches } from "./ingest-facts.ts";
import { enterLedger, withdrawDirect } from "./ingest-ledger.ts";
import type { Pool, Transaction } from "./pool-types.ts";

/** What an event adds to the features in the transaction that stores it; null when nothing, or later by the stream. */
export type ImmediateEffect = (event: AnyEvent) => Interaction | null;

/** The ingest port on PostgreSQL. Contention is retried; nothing is retried whose outcome is unknown. */
export function createIngestStore(pool: Pool, clock: Clock): IngestStore {
  return {
    accept(plans, deadline) {
      const effect: ImmediateEffect = (event) =>
        event.kind === "direct" ? effectiveInteraction(event, clock.nowMs()) : null;
      return withContentionRetry(deadline, () =>
        pool.transaction("write", deadline, (tx) => ingest(tx, plans, effect)),
      );
    },
  };
}

/** Writes all plans in `tx`, with the effects that do not wait for the stream; one outcome per plan, in order. */
export async function ingest(
  tx: Transaction,
  plans: readonly IngestPlan[],
  effect: ImmediateEffect,
): Promise<IngestResult> {
  const outcomes = await enterLedger(tx, plans);
  await storeFacts(tx, plans, outcomes);
  const changed = await applyEffects(tx, plans, outcomes, effect);
  return { outcomes, changed };
}

/** An event whose fact outlived its ledger row is a duplicate: it turns from accepted to that here. */
async function storeFacts(
  tx: Transaction,
  plans: readonly IngestPlan[],
  outcomes: IngestOutcome[],
): Promise<void> {
  const accepted = plans.filter((_, index) => outcomes[index] === "accepted");
  const stored = await Promise.all([
    insertWatches(
      tx,
      accepted.flatMap(({ event, outbox }) => (event.kind === "watch" ? [{ event, outbox }] : [])),
    ),
    insertImpressions(
      tx,
      accepted.flatMap(({ event, outbox }) => (event.kind === "impression" ? [{ event, outbox }] : [])),
    ),
  ]);
  const [watches, impressions] = stored.map((ids) => new Set(ids));
  for (const [index, { event }] of plans.entries()) {
    if (outcomes[index] !== "accepted" || event.kind === "direct") continue;
    const ids = event.kind === "watch" ? watches : impressions;
    if (!ids?.has(event.eventId)) outcomes[index] = "duplicate";
  }
}

async function applyEffects(
  tx: Transaction,
  plans: readonly IngestPlan[],
  outcomes: IngestOutcome[],
  effect: ImmediateEffect,
): Promise<IngestResult["changed"]> {
  const effects = plans.flatMap(({ event }, index) => {
    const interaction = outcomes[index] === "accepted" ? effect(event) : null;
    return interaction === null ? [] : [{ index, event, interaction }];
  });
  const { applied, changed } = await applyInteractions(
    tx,
    effects.map(({ interaction }) => interaction),
    DIRECT_HISTORY_SIZE,
  );
  const refused = effects.filter(({ event }, turn) => event.kind === "direct" && !applied[turn]);
  for (const { index } of refused) outcomes[index] = "duplicate";
  if (refused.length > 0) {
    await withdrawDirect(
      tx,
      refused.map(({ event }) => event.eventId),
    );
  }
  return changed;
}
