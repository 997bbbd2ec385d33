/** Holds what the store has against what was acknowledged, and effects against their events. */

import type { Deadline } from "../../core/deadline.ts";
import { type FoldSettings, foldInteractions } from "../../events/fold.ts";
import type { AnyEvent, Interaction } from "../../events/model.ts";
import { textArray } from "./array-literal.ts";
import { isDirect } from "./event-origin.ts";
import { asTables, readFeatureTables } from "./feature-tables.ts";
import type { Connection, Pool, Transaction } from "./pool-types.ts";

/** Ids asked for in one statement. */
const PAGE = 5_000;

/** Of acknowledged events the ids that are stored nowhere, or neither applied nor a dead letter. */
export async function findUnaccounted(
  pool: Pool,
  kind: AnyEvent["kind"],
  eventIds: readonly string[],
  deadline: Deadline,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let from = 0; from < eventIds.length; from += PAGE) {
    const page = eventIds.slice(from, from + PAGE);
    const rows = await pool.use(
      "read",
      deadline,
      (sql) =>
        sql<
          { id: string }[]
        >`select wanted.id from unnest(${textArray(page)}::text[]) as wanted(id) where not ${accounted(sql, kind)}`,
    );
    missing.push(...rows.map(({ id }) => id));
  }
  return missing;
}

/** Boolean SQL over `wanted.id`. */
function accounted(sql: Connection, kind: AnyEvent["kind"]) {
  if (kind === "direct")
    return sql`exists (select from events e where e.event_id = wanted.id and ${isDirect(sql)})`;
  const fact = kind === "watch" ? sql`watches` : sql`impressions`;
  const letter = sql`exists (select from feature_consumer_dlq d where d.event_id = wanted.id)`;
  const marker = sql`exists (select from feature_event_consumed c where c.stream_event_id = ${kind}::text || '-' || wanted.id)`;
  const effect =
    kind === "watch"
      ? sql`exists (select from events e where e.event_id = 'watch-' || wanted.id)`
      : sql`true`;
  return sql`(exists (select from ${fact} f where f.event_id = wanted.id) and (${letter} or (${marker} and ${effect})))`;
}

export interface Backlog {
  /** Waiting for the relay. */
  readonly unpublished: number;
  /** Published, and neither applied nor a dead letter. */
  readonly unapplied: number;
}

/** What the pipeline still has to do with the rows of the outbox; dead ones wait for people, not for it. */
export function readBacklog(pool: Pool, deadline: Deadline): Promise<Backlog> {
  return pool.use("read", deadline, async (sql) => {
    const [row] = await sql<Backlog[]>`
      select count(*) filter (where status <> 'published')::int as unpublished,
        count(*) filter (where status = 'published')::int as unapplied
      from event_outbox o
      where status <> 'dead'
        and not exists (
          select from feature_event_consumed c where c.stream_event_id = o.event_type || '-' || o.event_id
        )
        and not exists (select from feature_consumer_dlq d where d.event_id = o.event_id)`;
    return row ?? { unpublished: 0, unapplied: 0 };
  });
}

/** Outbox ids by event id. */
export function readOutboxIds(pool: Pool, deadline: Deadline): Promise<ReadonlyMap<string, bigint>> {
  return pool.use("read", deadline, async (sql) => {
    const rows = await sql<{ event_id: string; id: bigint }[]>`select event_id, id from event_outbox`;
    return new Map(rows.map(({ event_id, id }) => [event_id, id]));
  });
}

/**
 * Where effects differ from what their events add up to, one line a difference: features against the reference fold of
 * `events`, exposures against the consumed impressions, markers against the events they stand for.
 */
export function findEffectDifferences(
  pool: Pool,
  settings: FoldSettings,
  deadline: Deadline,
): Promise<readonly string[]> {
  return pool.transaction("read", deadline, async (tx) => {
    await tx`set transaction isolation level repeatable read`;
    const expected = asTables(foldInteractions(await readInteractions(tx), settings));
    const actual = await readFeatureTables(tx);
    const tables = Object.keys(expected) as (keyof typeof expected)[];
    return [
      ...tables.flatMap((table) => differences(table, expected[table], actual[table])),
      ...(await exposureDifferences(tx)),
      ...(await markerDifferences(tx)),
    ];
  });
}

/** In order of arrival. */
async function readInteractions(tx: Transaction): Promise<readonly Interaction[]> {
  return tx<Interaction[]>`
    select event_id as "eventId", user_id as "userId", item_id as "itemId", event_type as signal,
      (extract(epoch from ts) * 1000)::float8 as "tsMs",
      case when ${isDirect(tx)} then 'direct' else 'stream' end as origin
    from events e order by id`;
}

function differences(
  table: string,
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): readonly string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].flatMap((name) => {
    const [wanted, found] = [JSON.stringify(expected[name]), JSON.stringify(actual[name])];
    return wanted === found ? [] : [`${table} of ${name}: ${found} instead of ${wanted}`];
  });
}

async function exposureDifferences(tx: Transaction): Promise<readonly string[]> {
  const rows = await tx<{ item_id: string; shown: number; counted: number }[]>`
    with shown as (
      select i.item_id, count(*)::int as shown from impressions i
      where exists (select from feature_event_consumed c where c.stream_event_id = 'impression-' || i.event_id)
      group by i.item_id
    )
    select item_id, coalesce(shown, 0) as shown, coalesce(impressions, 0)::int as counted
    from shown full join item_exposure using (item_id)
    where shown is distinct from impressions`;
  return rows.map(({ item_id, shown, counted }) => `exposures of ${item_id}: ${counted} instead of ${shown}`);
}

async function markerDifferences(tx: Transaction): Promise<readonly string[]> {
  const rows = await tx<{ id: string }[]>`
    select coalesce(c.stream_event_id, e.event_id) as id
    from (select stream_event_id from feature_event_consumed where stream_event_id like 'watch-%') c
    full join (select event_id from events e where not ${isDirect(tx)}) e on e.event_id = c.stream_event_id
    where c.stream_event_id is null or e.event_id is null`;
  return rows.map(({ id }) => `${id} has a marker without its event, or an event without its marker`);
}
