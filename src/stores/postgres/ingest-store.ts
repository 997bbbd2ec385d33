/** Stores accepted events: ledger, facts, outbox rows and features in one transaction. */

import type { Clock } from "../../core/clock.ts";
import { effectiveInteraction } from "../../events/interaction.ts";
import type { AnyEvent, Interaction } from "../../events/model.ts";
import type { IngestOutcome, IngestPlan, IngestResult, IngestStore } from "../../events/ports.ts";
import { withContentionRetry } from "./contention.ts";
import { applyInteractions, DIRECT_HISTORY_SIZE } from "./feature-fold.ts";
import {
  insertImpressions,
  insertWatches,
  isImpression,
  isWatch,
  needsOneStatement,
} from "./ingest-facts.ts";
import { enterDirect, hashText, knownHashes, ledgerKey, withdrawDirect } from "./ingest-ledger.ts";
import type { Pool, Transaction } from "./pool-types.ts";
import { sentTogether } from "./sent-together.ts";

/** What an event adds to the features in the transaction that stores it; null when nothing, or later by the stream. */
export type ImmediateEffect = (event: AnyEvent) => Interaction | null;

/** The ingest port on PostgreSQL. Contention is retried; nothing is retried whose outcome is unknown. */
export function createIngestStore(pool: Pool, clock: Clock): IngestStore {
  return {
    accept(plans, deadline) {
      const effect: ImmediateEffect = (event) =>
        event.kind === "direct" ? effectiveInteraction(event, clock.nowMs()) : null;
      const work = (tx: Transaction) => ingest(tx, plans, effect);
      return withContentionRetry(deadline, () =>
        needsOneStatement(plans)
          ? pool.use("write", deadline, work)
          : pool.transaction("write", deadline, work),
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
  const outcomes = await storeNew(tx, plans);
  const changed = await applyEffects(tx, plans, outcomes, effect);
  return { outcomes, changed };
}

/** Of plans with one id and kind the first one counts. An event whose fact outlived its ledger entry is a duplicate. */
async function storeNew(tx: Transaction, plans: readonly IngestPlan[]): Promise<IngestOutcome[]> {
  const firsts = new Map<string, IngestPlan>();
  for (const plan of plans) if (!firsts.has(ledgerKey(plan))) firsts.set(ledgerKey(plan), plan);
  const distinct = [...firsts.values()];
  // Kind after kind, in the order that every transaction keeps: none waits for one that waits for it.
  const [direct, watches, impressions] = await sentTogether([
    enterDirect(
      tx,
      distinct.filter(({ event }) => event.kind === "direct"),
    ),
    insertWatches(tx, distinct.filter(isWatch)),
    insertImpressions(tx, distinct.filter(isImpression)),
  ]);
  const stored = { direct: new Set(direct), watch: new Set(watches), impression: new Set(impressions) };
  const isStored = ({ event }: IngestPlan) => stored[event.kind].has(event.eventId);
  const hashes = new Map([
    ...distinct.map((plan) => [ledgerKey(plan), hashText(plan)] as const),
    ...(await knownHashes(
      tx,
      distinct.filter((plan) => !isStored(plan)),
    )),
  ]);
  const fresh = new Set(distinct.filter(isStored).map(ledgerKey));
  return plans.map((plan) => {
    const key = ledgerKey(plan);
    if (fresh.delete(key)) return "accepted";
    return hashes.get(key) === hashText(plan) ? "duplicate" : "conflict";
  });
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
