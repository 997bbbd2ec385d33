/** Applies stored watches and impressions that the stream never brought to the features. */

import type { Deadline } from "../../core/deadline.ts";
import type { LogEvent } from "../../events/model.ts";
import type { LogRecord } from "../../events/ports.ts";
import { decideRecord, type TopicKinds } from "../../events/stream-record.ts";
import { applyEffects, type Effect } from "./consumer-effects.ts";
import { isDirect } from "./event-origin.ts";
import { daysMs } from "./maintenance-batch.ts";
import type { Connection, Pool } from "./pool-types.ts";

/** Event times, in ms since 1970: from the first up to, and without, the last; null is no limit. */
export interface FactWindow {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface CatchUpSettings {
  readonly pool: Pool;
  readonly topics: Readonly<Record<"watches" | "impressions", string>>;
  /** Items kept per user. */
  readonly historySize: number;
  /** How long consumed markers last; what arrived before is not known to be missed. */
  readonly consumedDays: number;
  /** How long `events` last; what happened before is gone on purpose. 0: for ever. */
  readonly factDays: number;
}

export interface CaughtUp {
  readonly watches: number;
  readonly impressions: number;
}

/** Facts a transaction: of impressions, with up to 500 items each, fewer. */
const PAGE = { watch: 100, impression: 40 } as const;
/** The place of what came past the log. */
const NO_PLACE = { topicId: "", partition: -1, offset: -1n } as const;

/**
 * Goes through the same transaction as the stream, in pages, beside a running tree: markers and event ids keep an
 * effect single, whoever comes first. A run that is broken off has done its first pages; a repeat does the rest.
 * Throws store errors, and an Error for a fact that is no event by the rules of the stream.
 */
export async function catchUpFeatures(
  settings: CatchUpSettings,
  window: FactWindow,
  deadline: Deadline,
): Promise<CaughtUp> {
  return {
    watches: await catchUp(settings, "watch", window, deadline),
    impressions: await catchUp(settings, "impression", window, deadline),
  };
}

interface Fact {
  readonly tsMs: bigint;
  readonly eventId: string;
  readonly value: string;
}

async function catchUp(
  settings: CatchUpSettings,
  kind: LogEvent["kind"],
  { fromMs, toMs }: FactWindow,
  deadline: Deadline,
): Promise<number> {
  const { pool, historySize } = settings;
  let applied = 0;
  let after: Position = { tsMs: BigInt(fromMs ?? 0), eventId: "" };
  for (;;) {
    const page = { after, toMs, limit: PAGE[kind] };
    const facts = await pool.use("read", deadline, (sql) =>
      kind === "watch" ? missedWatches(sql, settings, page) : missedImpressions(sql, settings, page),
    );
    const last = facts.at(-1);
    if (!last) return applied;
    const effects = facts.map((fact) => asEffect(fact, kind, settings.topics));
    const { fresh } = await pool.transaction("write", deadline, (tx) =>
      applyEffects(tx, effects, historySize),
    );
    applied += fresh.size;
    after = last;
  }
}

function asEffect(fact: Fact, kind: LogEvent["kind"], topics: CatchUpSettings["topics"]): Effect {
  const topic = kind === "watch" ? topics.watches : topics.impressions;
  const kinds: TopicKinds = new Map([[topic, kind]]);
  const value = Buffer.from(fact.value, "utf8");
  const record: LogRecord = {
    ...NO_PLACE,
    topic,
    key: null,
    value,
    headers: {},
    timestampMs: Number(fact.tsMs),
  };
  const entry = decideRecord(record, kinds);
  if (entry.kind === "watch" || entry.kind === "impression") return entry;
  const reason = entry.kind === "dead" ? entry.letter.errorText : entry.kind;
  throw new Error(`the stored ${kind} ${fact.eventId} is no event: ${reason}`);
}

type Position = Pick<Fact, "tsMs" | "eventId">;

interface Page {
  readonly after: Position;
  readonly toMs: number | null;
  readonly limit: number;
}

/** Along idx_watches_ts. */
async function missedWatches(
  sql: Connection,
  { factDays }: CatchUpSettings,
  { after, toMs, limit }: Page,
): Promise<readonly Fact[]> {
  return sql<Fact[]>`
    select ts_ms as "tsMs", event_id as "eventId", json_build_object(
      'event_id', event_id, 'user_id', user_id, 'session_id', session_id, 'request_id', request_id, 'ts_ms', ts_ms,
      'server_received_ts_ms', server_received_ts_ms, 'item_id', item_id, 'watch_time_sec', watch_time_sec,
      'percent_watched', percent_watched
    )::text as value
    from watches w
    where ts_ms >= ${after.tsMs} and (ts_ms, event_id) > (${after.tsMs}, ${after.eventId})
      and (${toMs}::bigint is null or ts_ms < ${toMs}::bigint)
      and (${factDays}::int = 0
        or ts_ms > (extract(epoch from now()) * 1000)::bigint - ${daysMs(factDays)}::bigint)
      and not exists (select from feature_event_consumed c where c.stream_event_id = 'watch-' || w.event_id)
      and not exists (select from events e where e.event_id = 'watch-' || w.event_id and not ${isDirect(sql)})
    order by ts_ms, event_id limit ${limit}`;
}

/**
 * Along idx_impressions_ts. Only the markers know which impressions were counted; the marker of one that was
 * outlasts `consumedDays` from its arrival on.
 */
async function missedImpressions(
  sql: Connection,
  { consumedDays }: CatchUpSettings,
  { after, toMs, limit }: Page,
): Promise<readonly Fact[]> {
  return sql<Fact[]>`
    select ts_ms as "tsMs", event_id as "eventId", json_build_object(
      'event_id', event_id, 'user_id', min(user_id), 'session_id', min(session_id), 'request_id', min(request_id),
      'ts_ms', ts_ms, 'server_received_ts_ms', min(server_received_ts_ms),
      'items', json_agg(json_build_object('item_id', item_id, 'position', position) order by position)
    )::text as value
    from impressions i
    where ts_ms >= ${after.tsMs} and (ts_ms, event_id) > (${after.tsMs}, ${after.eventId})
      and (${toMs}::bigint is null or ts_ms < ${toMs}::bigint)
      and created_at > now() - make_interval(days => ${consumedDays})
      and not exists (select from feature_event_consumed c where c.stream_event_id = 'impression-' || i.event_id)
    group by ts_ms, event_id order by ts_ms, event_id limit ${limit}`;
}
