/** Holds what the store has against what was acknowledged: nothing lost, every effect made once. */

import { expect } from "bun:test";
import postgres from "postgres";
import { readRuntimeFile } from "../../src/cli/runtime-file.ts";
import { embeddedAddress } from "../../src/stores/postgres/embedded.ts";
import { eventually } from "./eventually.ts";
import type { Acknowledged } from "./load.ts";
import type { Tree } from "./tree.ts";

/** Address of the embedded server of a running tree. */
export function storeUrlOf(tree: Tree): string {
  const port = readRuntimeFile(tree.dataDir)?.storePort;
  if (!port) throw new Error("no tree with an embedded server is running");
  return embeddedAddress(tree.dataDir, port).url;
}

export const storeOf = (tree: Tree): postgres.Sql => postgres(storeUrlOf(tree), { max: 1 });

/**
 * Waits until the pipeline is quiet, then checks acknowledged events and features against each other. `store` is a tree
 * that has its own, or the address of one.
 */
export async function expectNothingLost(
  store: Tree | string,
  acknowledged: readonly Acknowledged[],
): Promise<void> {
  const sql = typeof store === "string" ? postgres(store, { max: 1 }) : storeOf(store);
  try {
    await eventually(() => expectQuiet(sql), { timeoutMs: 60_000, intervalMs: 200 });
    const ids = (kind: Acknowledged["kind"]) =>
      acknowledged.filter((event) => event.kind === kind).map((event) => event.eventId);
    expect(await missing(sql, ids("direct"), "select event_id from events")).toEqual([]);
    expect(await missing(sql, ids("watch"), "select event_id from watches")).toEqual([]);
    const applied = "select substr(event_id, 7) from events where event_id like 'watch-%'";
    expect(await missing(sql, ids("watch"), applied)).toEqual([]);
    expect(await featureDifferences(sql)).toEqual([]);
    const [dlq] = await sql`select count(*)::int as rows from feature_consumer_dlq`;
    expect(dlq?.["rows"]).toBe(0);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function expectQuiet(sql: postgres.Sql): Promise<void> {
  const [outbox] = await sql`select count(*)::int as rows from event_outbox where published_at is null`;
  expect(outbox?.["rows"]).toBe(0);
  const [lag] = await sql`
    select count(*)::int as rows
    from event_log l
    where l."offset" >= coalesce(
      (select max(c.next_offset) from consumer_offset c where c.topic = l.topic and c.partition = l.partition), 0)`;
  expect(lag?.["rows"]).toBe(0);
}

async function missing(sql: postgres.Sql, ids: string[], stored: string): Promise<string[]> {
  const rows = await sql`
    select id from unnest(${ids}::text[]) id where id not in (${sql.unsafe(stored)}) limit 5`;
  return rows.map((row) => row["id"] as string);
}

/** Items whose popularity is not the sum of the weights of their events. */
async function featureDifferences(sql: postgres.Sql): Promise<readonly object[]> {
  return sql`
    with expected as (
      select item_id, sum(case event_type when 'view' then 1 when 'click' then 3 else 10 end)::bigint as score
      from events group by item_id
    )
    select coalesce(e.item_id, p.item_id) as item_id, e.score as expected, p.score as actual
    from expected e full join item_popularity p on p.item_id = e.item_id
    where e.score is distinct from p.score
    limit 5`;
}
