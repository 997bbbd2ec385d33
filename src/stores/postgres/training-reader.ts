/** Reads all that training needs, a page at a time: events user by user, then what the catalogue says of items. */

import type { Deadline } from "../../core/deadline.ts";
import { type TrainingEvent, type TrainingLog, TrainingLogBuilder } from "../../models/training-log.ts";
import type { ItemText } from "../../recommend/item-text.ts";
import type { Pool } from "./pool-types.ts";

const PAGE = 20_000;

export interface TrainingSize {
  readonly events: number;
  readonly items: number;
  /** Highest row at this moment: what comes later is another run's. */
  readonly watermark: bigint;
}

export interface ReadLog {
  readonly log: TrainingLog;
  readonly leftOut: number;
}

export function trainingSize(pool: Pool, deadline: Deadline): Promise<TrainingSize> {
  return pool.use("read", deadline, async (sql) => {
    const [row] = await sql<TrainingSize[]>`
      select count(*)::int as events, (select count(*)::int from item_decay) as items, coalesce(max(id), 0) as watermark
      from events`;
    return row ?? { events: 0, items: 0, watermark: 0n };
  });
}

/** The newest `maxEvents` events up to the watermark. `onPage` hears how many have been read. */
export async function readTrainingLog(
  pool: Pool,
  { events, watermark }: TrainingSize,
  maxEvents: number,
  deadline: Deadline,
  onPage: (read: number) => void,
): Promise<ReadLog> {
  const since = events > maxEvents ? await timeOfNewest(pool, watermark, maxEvents, deadline) : new Date(0);
  const builder = new TrainingLogBuilder();
  let last = { user_id: "", ts: new Date(0), id: 0n };
  for (;;) {
    const rows = await pool.use(
      "read",
      deadline,
      (sql) => sql<EventRow[]>`
      select user_id, item_id, event_type, ts, id
      from events
      where user_id >= ${last.user_id} and (user_id, ts, id) > (${last.user_id}, ${last.ts}, ${last.id})
        and id <= ${watermark} and ts >= ${since}
      order by user_id, ts, id
      limit ${PAGE}`,
    );
    for (const row of rows) {
      if (row.user_id !== last.user_id) builder.endUser();
      builder.add({ itemId: row.item_id, signal: row.event_type, tsMs: row.ts.getTime() });
      last = row;
    }
    onPage(builder.eventCount);
    if (rows.length < PAGE) break;
  }
  return { log: builder.build(), leftOut: Math.max(0, events - builder.eventCount) };
}

interface EventRow {
  readonly user_id: string;
  readonly item_id: string;
  readonly event_type: TrainingEvent["signal"];
  readonly ts: Date;
  readonly id: bigint;
}

function timeOfNewest(pool: Pool, watermark: bigint, count: number, deadline: Deadline): Promise<Date> {
  return pool.use("read", deadline, async (sql) => {
    const [row] = await sql<{ ts: Date }[]>`
      select ts from events where id <= ${watermark} order by ts desc offset ${count - 1} limit 1`;
    return row?.ts ?? new Date(0);
  });
}

export async function readItemTexts(pool: Pool, deadline: Deadline): Promise<ReadonlyMap<string, ItemText>> {
  const texts = new Map<string, ItemText>();
  let last = "";
  for (;;) {
    const rows = await pool.use(
      "read",
      deadline,
      (sql) => sql<(ItemText & { item_id: string })[]>`
      select item_id, title, category, author, to_json(tags) as tags
      from items where item_id > ${last} order by item_id limit ${PAGE}`,
    );
    for (const { item_id, title, category, author, tags } of rows)
      texts.set(item_id, { title, category, author, tags });
    last = rows.at(-1)?.item_id ?? last;
    if (rows.length < PAGE) return texts;
  }
}
