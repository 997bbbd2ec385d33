/** Fills the outbox past the API. */

import type { Sql } from "postgres";
import { partitionFor } from "../../src/events/partitioner.ts";
import { encodeLogEvent } from "../../src/events/wire.ts";
import { numberArray, textArray } from "../../src/stores/postgres/array-literal.ts";
import { streamEvents, TOPICS } from "./stream-events.ts";

export const OUTBOX_PARTITIONS = 64;
const ROWS_A_STATEMENT = 5_000;

/** `count` pending rows, one impression in five. */
export async function fillOutbox(sql: Sql, count: number, prefix: string): Promise<void> {
  for (let at = 0; at < count; at += ROWS_A_STATEMENT) {
    const events = streamEvents(Math.min(ROWS_A_STATEMENT, count - at), `${prefix}-${at}`);
    await sql`
      insert into event_outbox (event_id, event_type, kafka_topic, kafka_key, payload, partition)
      select id, type, topic, key, payload::jsonb, partition
      from unnest(
        ${textArray(events.map(({ eventId }) => eventId))}::text[],
        ${textArray(events.map(({ kind }) => kind))}::text[],
        ${textArray(events.map(({ kind }) => (kind === "watch" ? TOPICS.watches : TOPICS.impressions)))}::text[],
        ${textArray(events.map(({ userId }) => userId))}::text[],
        ${textArray(events.map(encodeLogEvent))}::text[],
        ${numberArray(events.map(({ userId }) => partitionFor(userId, OUTBOX_PARTITIONS)))}::smallint[]
      ) as o(id, type, topic, key, payload, partition)`;
  }
}

/** Rows that were published so far. */
export async function publishedRows(sql: Sql): Promise<number> {
  const [row] = await sql<{ sum: number }[]>`
    select coalesce(sum(published), 0)::float8 as sum from outbox_counter`;
  return row?.sum ?? 0;
}
