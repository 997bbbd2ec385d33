/** Applies events of the stream exactly once, by their markers, whatever way they come. */

import type { ChunkEntry, FeatureChange } from "../../events/ports.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { addExposures } from "./exposure.ts";
import { applyInteractions } from "./feature-fold.ts";
import type { Transaction } from "./pool-types.ts";

/** An entry that changes features. */
export type Effect = Extract<ChunkEntry, { kind: "watch" | "impression" }>;

export interface AppliedEffects {
  /** Those whose event had not been applied before. */
  readonly fresh: ReadonlySet<ChunkEntry>;
  readonly changed: FeatureChange;
}

/** Inserts the markers of `effects`, given in order of arrival, and applies those that were new. */
export async function applyEffects(
  tx: Transaction,
  effects: readonly Effect[],
  historySize: number,
): Promise<AppliedEffects> {
  const fresh = await insertMarkers(tx, effects);
  const watches = fresh.filter((entry) => entry.kind === "watch");
  const { applied, changed } = await applyInteractions(
    tx,
    watches.map(({ interaction }) => interaction),
    historySize,
  );
  await addExposures(
    tx,
    fresh.flatMap((entry) => (entry.kind === "impression" ? entry.items : [])),
  );
  // Markers end after some time; the events stay known for longer.
  const known = new Set<Effect>(watches.filter((_, index) => !applied[index]));
  return { fresh: new Set(fresh.filter((entry) => !known.has(entry))), changed };
}

/** Answers the entries whose event was never consumed before: of equal ones the first. */
async function insertMarkers(tx: Transaction, entries: readonly Effect[]): Promise<Effect[]> {
  if (entries.length === 0) return [];
  const firsts = new Map<string, Effect>();
  for (const entry of entries) if (!firsts.has(entry.streamEventId)) firsts.set(entry.streamEventId, entry);
  // In id order, so that two transactions that meet the same events cannot deadlock.
  const sorted = [...firsts.values()].sort((a, b) => (a.streamEventId < b.streamEventId ? -1 : 1));
  // Almost always all are new, which one row says in short: null.
  const [inserted] = await tx<{ ids: readonly string[] | null }[]>`
    with inserted as (
      insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset)
      select * from unnest(
        ${textArray(sorted.map(({ streamEventId }) => streamEventId))}::text[],
        ${textArray(sorted.map(({ record }) => record.topic))}::text[],
        ${numberArray(sorted.map(({ record }) => record.partition))}::int[],
        ${numberArray(sorted.map(({ record }) => record.offset))}::bigint[]
      )
      on conflict do nothing
      returning stream_event_id as id
    )
    select case when count(*) < ${sorted.length}::int then coalesce(json_agg(id), '[]') end as ids from inserted`;
  if (!inserted?.ids) return [...firsts.values()];
  const ids = new Set(inserted.ids);
  return [...firsts.values()].filter(({ streamEventId }) => ids.has(streamEventId));
}
