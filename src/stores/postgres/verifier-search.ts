/** Finds events that are unaccounted for: among what was acknowledged, what was published, and what was found before. */

import type { Connection, Transaction } from "./pool-types.ts";

/**
 * `fact`: acknowledged, and not stored. `outbox`: stored, and neither queued nor applied. `effect`: published, passed by
 * consumers, and neither applied nor a dead letter. `features`: marked as applied, and missing in the features.
 */
export type Reason = "fact" | "outbox" | "effect" | "features";

export interface Finding {
  readonly eventId: string;
  readonly eventType: string;
  readonly reason: Reason;
}

/** From the first up to, and without, the last, in ms since 1970 by the store's clock. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How far back retention has left what the look-ups need; times as in `Window`. */
export interface Horizons {
  /** Event times before this may have lost their row of `events`. */
  readonly eventsFromMs: number;
  /** A direct event that was acknowledged before this may be as old as that. */
  readonly directFromMs: number;
}

type Sql = Connection | Transaction;

const at = (sql: Sql, ms: number) => sql`to_timestamp(${ms}::float8 / 1000)`;

// The planner cannot know how few events are unaccounted for. `offset 0` keeps each look-up one by the index, and a
// materialised window is read by its own index: otherwise whole tables may be read for a guess.

/** Of `v`: whether its fact is stored. */
const hasFact = (sql: Sql) => sql`
  case v.event_type
    when 'watch' then exists (select from watches w where w.event_id = v.event_id offset 0)
    when 'impression' then exists (select from impressions i where i.event_id = v.event_id offset 0)
    else exists (select from events e where e.event_id = v.event_id offset 0)
  end`;

/** Of `v` from the ledger: a fact that is older than the entry had its way through the outbox long ago. */
const isFresh = (sql: Sql) => sql`
  case v.event_type
    when 'watch' then exists (
      select from watches w where w.event_id = v.event_id and w.created_at >= v.received_at offset 0)
    else exists (
      select from impressions i where i.event_id = v.event_id and i.created_at >= v.received_at offset 0)
  end`;

const isQueued = (sql: Sql) => sql`
  exists (select from event_outbox o where o.event_id = v.event_id and o.event_type = v.event_type offset 0)`;

const isMarked = (sql: Sql) => sql`
  exists (
    select from feature_event_consumed c where c.stream_event_id = v.event_type || '-' || v.event_id offset 0)`;

/** A watch and an impression may share an id: their letters differ in the topic, where that is known. */
const isLetter = (sql: Sql, topic: ReturnType<Sql>) => sql`
  exists (
    select from feature_consumer_dlq d
    where coalesce(d.headers->>'event_id', d.event_id) = v.event_id and d.status = 'pending'
      and d.source_topic = coalesce(${topic}, d.source_topic)
    offset 0)`;

/**
 * Of `v` with the marker `c`: a watch is in `events`; the rows of an impression's items were written at that moment or
 * later. What retention may have removed counts as there.
 */
const isInFeatures = (sql: Sql, { eventsFromMs }: Horizons) => sql`
  case v.event_type
    when 'watch' then
      exists (select from events e where e.event_id = 'watch-' || v.event_id offset 0)
      or not exists (
        select from watches w where w.event_id = v.event_id and w.ts_ms >= ${eventsFromMs}::float8 offset 0)
    else not exists (
      select from impressions i left join item_exposure x on x.item_id = i.item_id
      where i.event_id = v.event_id and (x.item_id is null or x.updated_at < c.consumed_at)
      offset 0)
  end`;

/** Of `v`: what was found before must not use up the room of what was not. */
const isNews = (sql: Sql) => sql`
  not exists (
    select from verifier_finding f where f.event_id = v.event_id and f.event_type = v.event_type offset 0)`;

const marker = (sql: Sql) => sql`
  left join lateral (
    select consumed_at from feature_event_consumed c
    where c.stream_event_id = v.event_type || '-' || v.event_id offset 0
  ) c on true`;

/** Along the block-range indexes on received_at. */
export function searchAcknowledged(
  sql: Sql,
  { fromMs, toMs }: Window,
  { directFromMs }: Horizons,
  limit: number,
): PromiseLike<readonly Finding[]> {
  return sql<Finding[]>`
    with v as materialized (
      select event_id, event_type, received_at, imported from ingested_event
      where received_at >= ${at(sql, fromMs)} and received_at < ${at(sql, toMs)}
    )
    select v.event_id as "eventId", v.event_type as "eventType",
      case when ${hasFact(sql)} then 'outbox' else 'fact' end as reason
    from v
    where ${isNews(sql)} and case
        when v.event_type = 'direct'
          then v.imported is null and v.received_at >= ${at(sql, directFromMs)} and not ${hasFact(sql)}
        when v.imported then not ${hasFact(sql)}
        else not ${isQueued(sql)} and not ${isMarked(sql)} and not ${isLetter(sql, sql`null`)}
            and (${isFresh(sql)} or not ${hasFact(sql)})
          or not ${hasFact(sql)}
      end
    limit ${limit}`;
}

/** Along idx_event_outbox_published_at. */
export function searchPublished(
  sql: Sql,
  { fromMs, toMs }: Window,
  horizons: Horizons,
  limit: number,
): PromiseLike<readonly Finding[]> {
  return sql<Finding[]>`
    with v as materialized (
      select event_id, event_type, kafka_topic from event_outbox
      where published_at >= ${at(sql, fromMs)} and published_at < ${at(sql, toMs)} and status = 'published'
    )
    select v.event_id as "eventId", v.event_type as "eventType",
      case when c.consumed_at is null then 'effect' else 'features' end as reason
    from v ${marker(sql)}
    where ${isNews(sql)} and case
        when c.consumed_at is null then not ${isLetter(sql, sql`v.kafka_topic`)}
        else not (${isInFeatures(sql, horizons)})
      end
    limit ${limit}`;
}

/** Forgets findings that were repaired, and those of which nothing is known any more. */
export function forgetFound(sql: Sql, horizons: Horizons): PromiseLike<unknown> {
  return sql`
    delete from verifier_finding f
    using verifier_finding v ${marker(sql)}
    where f.event_id = v.event_id and f.event_type = v.event_type and (
      case v.reason
        when 'fact' then ${hasFact(sql)}
        when 'outbox' then ${isQueued(sql)} or c.consumed_at is not null or ${isLetter(sql, sql`null`)}
        when 'effect' then c.consumed_at is not null or ${isLetter(sql, sql`null`)} or exists (
          select from event_outbox o
          where o.event_id = v.event_id and o.event_type = v.event_type and o.status <> 'published' offset 0)
        else c.consumed_at is null or ${isInFeatures(sql, horizons)}
      end
      or not ${isQueued(sql)} and not exists (
        select from ingested_event l where l.event_id = v.event_id and l.event_type = v.event_type offset 0)
    )`;
}
