/** The idempotency ledger: which event ids are new, and whether known ones came with the same body. */

import type { IngestOutcome, IngestPlan } from "../../events/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Transaction } from "./pool-types.ts";

interface Entry {
  readonly key: string;
  readonly eventId: string;
  readonly type: string;
  readonly hash: string;
}

interface LedgerRow {
  readonly event_id: string;
  readonly event_type: string;
  readonly hash: string;
}

/**
 * Enters the plans into the ledger and answers an outcome per plan, in order. Of plans with one id and type the
 * first one counts. Waits for transactions that are entering the same ids.
 */
export async function enterLedger(tx: Transaction, plans: readonly IngestPlan[]): Promise<IngestOutcome[]> {
  const entries = plans.map(entryOf);
  const firsts = new Map<string, Entry>();
  for (const entry of entries) if (!firsts.has(entry.key)) firsts.set(entry.key, entry);
  const fresh = await insertEntries(tx, [...firsts.values()]);
  const hashes = new Map([...firsts].map(([key, { hash }]) => [key, hash]));
  const known = [...firsts.values()].filter(({ key }) => !fresh.has(key));
  if (known.length > 0) for (const [key, hash] of await hashesOf(tx, known)) hashes.set(key, hash);
  return entries.map(({ key, hash }) => {
    if (fresh.delete(key)) return "accepted";
    return hashes.get(key) === hash ? "duplicate" : "conflict";
  });
}

/** Takes back entries of direct events that found their id held by a stream event: such an id is not a direct one. */
export async function withdrawDirect(tx: Transaction, eventIds: readonly string[]): Promise<void> {
  await tx`
    delete from ingested_event
    where event_id = any (${textArray(eventIds)}::text[]) and event_type = 'direct'`;
}

function entryOf({ event, bodyHash }: IngestPlan): Entry {
  return {
    key: `${event.kind} ${event.eventId}`,
    eventId: event.eventId,
    type: event.kind,
    hash: Buffer.from(bodyHash).toString("hex"),
  };
}

const keyOf = (row: LedgerRow) => `${row.event_type} ${row.event_id}`;

/** Inserted in one order, so that transactions with the same ids wait for each other and never deadlock. */
async function insertEntries(tx: Transaction, entries: readonly Entry[]): Promise<Set<string>> {
  const sorted = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const rows = await tx<LedgerRow[]>`
    insert into ingested_event (event_id, event_type, body_hash)
    select event_id, event_type, decode(hash, 'hex')
    from unnest(
      ${textArray(sorted.map(({ eventId }) => eventId))}::text[],
      ${textArray(sorted.map(({ type }) => type))}::text[],
      ${textArray(sorted.map(({ hash }) => hash))}::text[]
    ) as e(event_id, event_type, hash)
    on conflict (event_id, event_type) do nothing
    returning event_id, event_type`;
  return new Set(rows.map(keyOf));
}

async function hashesOf(tx: Transaction, entries: readonly Entry[]): Promise<ReadonlyMap<string, string>> {
  const rows = await tx<LedgerRow[]>`
    select l.event_id, l.event_type, encode(l.body_hash, 'hex') as hash
    from ingested_event l
    join unnest(
      ${textArray(entries.map(({ eventId }) => eventId))}::text[],
      ${textArray(entries.map(({ type }) => type))}::text[]
    ) as e(event_id, event_type) using (event_id, event_type)`;
  return new Map(rows.map((row) => [keyOf(row), row.hash]));
}
