/** The idempotency ledger: which event ids are new, and whether known ones came with the same body. */

import type { AnyEvent } from "../../events/model.ts";
import type { IngestPlan } from "../../events/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Transaction } from "./pool-types.ts";

interface LedgerRow {
  readonly event_id: string;
  readonly event_type: string;
  readonly hash: string;
}

/** Names a ledger entry: one id may stand for an event of each kind. */
export const ledgerKey = ({ event }: IngestPlan) => `${event.kind} ${event.eventId}`;

export const hashText = ({ bodyHash }: IngestPlan) => Buffer.from(bodyHash).toString("hex");

/**
 * The statement that enters plans of one kind with distinct ids; it returns the `event_id`s that were new. Waits for
 * transactions that are entering the same ids, in one order, so that two of them never wait for each other.
 */
export function entering(tx: Transaction, kind: AnyEvent["kind"], plans: readonly IngestPlan[]) {
  const sorted = plans.toSorted((a, b) => (a.event.eventId < b.event.eventId ? -1 : 1));
  // Of one kind an import stores all past the stream, or none. Nulls cost a live event no byte.
  const imported = plans.some((plan) => plan.imported) ? tx`true` : tx`null`;
  return tx`
    insert into ingested_event (event_id, event_type, body_hash, imported)
    select event_id, ${kind}, decode(hash, 'hex'), ${imported}::boolean
    from unnest(
      ${textArray(sorted.map(({ event }) => event.eventId))}::text[],
      ${textArray(sorted.map(hashText))}::text[]
    ) as e(event_id, hash)
    on conflict (event_id, event_type) do nothing
    returning event_id`;
}

/** Enters direct events with distinct ids and answers the new ids. */
export async function enterDirect(tx: Transaction, plans: readonly IngestPlan[]): Promise<readonly string[]> {
  if (plans.length === 0) return [];
  const rows = await tx<LedgerRow[]>`${entering(tx, "direct", plans)}`;
  return rows.map(({ event_id }) => event_id);
}

/** Takes back entries of direct events that found their id held by a stream event: such an id is not a direct one. */
export async function withdrawDirect(tx: Transaction, eventIds: readonly string[]): Promise<void> {
  await tx`
    delete from ingested_event
    where event_id = any (${textArray(eventIds)}::text[]) and event_type = 'direct'`;
}

/** Body hashes that the ledger holds for the keys of these plans. */
export async function knownHashes(
  tx: Transaction,
  plans: readonly IngestPlan[],
): Promise<ReadonlyMap<string, string>> {
  if (plans.length === 0) return new Map();
  const rows = await tx<LedgerRow[]>`
    select l.event_id, l.event_type, encode(l.body_hash, 'hex') as hash
    from ingested_event l
    join unnest(
      ${textArray(plans.map(({ event }) => event.eventId))}::text[],
      ${textArray(plans.map(({ event }) => event.kind))}::text[]
    ) as e(event_id, event_type) using (event_id, event_type)`;
  return new Map(rows.map(({ event_id, event_type, hash }) => [`${event_type} ${event_id}`, hash]));
}
