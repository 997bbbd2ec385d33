/** Reads what serving knows of catalogue items and users beyond their events. */

import type { CardVersion, CatalogCardRow, ItemNewness } from "../../recommend/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection } from "./pool-types.ts";

/** Along the primary key. */
export async function cardVersions(
  sql: Connection,
  after: string | null,
  limit: number,
): Promise<readonly CardVersion[]> {
  return sql<CardVersion[]>`
    select item_id as "itemId", version::float8 as version from items
    where item_id > ${after ?? ""} order by item_id limit ${limit}::int`;
}

/** Along idx_items_updated_at, the newest first. */
export async function changedCards(
  sql: Connection,
  windowMs: number,
  limit: number,
): Promise<readonly CardVersion[]> {
  return sql<CardVersion[]>`
    select item_id as "itemId", version::float8 as version from items
    where updated_at > now() - ${windowMs}::int * interval '1 ms'
    order by updated_at desc limit ${limit}::int`;
}

export async function cards(sql: Connection, itemIds: readonly string[]): Promise<readonly CatalogCardRow[]> {
  const rows = await sql<(CatalogCardRow["card"] & { version: number })[]>`
    select item_id, version::float8 as version, title, price, cover_image, category, author, to_json(tags) as tags, verified,
      to_char(published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as published_at, attributes
    from items where item_id = any (${textArray(itemIds)}::text[])`;
  return rows.map(({ version, ...card }) => ({ version, card }));
}

/** Along idx_events_item_ts, at most `most` rows of each item. */
export async function newness(
  sql: Connection,
  itemIds: readonly string[],
  most: number,
): Promise<ReadonlyMap<string, ItemNewness>> {
  const rows = await sql<(ItemNewness & { itemId: string })[]>`
    select i.item_id as "itemId", floor(date_part('epoch', i.created_at) * 1000) as "createdAtMs",
      taken.interactions::float8 as interactions
    from items i
    cross join lateral (
      select count(*) as interactions
      from (select from events e where e.item_id = i.item_id limit ${most}::int) as newest
    ) as taken
    where i.item_id = any (${textArray(itemIds)}::text[])`;
  return new Map(rows.map(({ itemId, ...known }) => [itemId, known]));
}

export async function userAttributes(sql: Connection, userIds: readonly string[]) {
  const read = new Map<string, Readonly<Record<string, unknown>>>(userIds.map((userId) => [userId, {}]));
  const rows = await sql<{ id: string; attributes: Record<string, unknown> }[]>`
    select id, attributes from profiles.users where id = any (${textArray(userIds)}::text[])`;
  for (const { id, attributes } of rows) read.set(id, attributes);
  return read;
}
