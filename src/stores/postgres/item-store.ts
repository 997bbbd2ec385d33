/** Stores catalogue items. */

import type { CatalogItem } from "../../catalog/item.ts";
import type { ItemStore, StoredItem, UpsertCounts } from "../../catalog/ports.ts";
import type { Deadline } from "../../core/deadline.ts";
import { numberArray, textArray } from "./array-literal.ts";
import type { Connection, Pool, Transaction } from "./pool-types.ts";

export function createItemStore(pool: Pool): ItemStore {
  return {
    upsert: (items, deadline) => upsertItems(pool, items, deadline),
    get: (itemId, deadline) => pool.use("read", deadline, (sql) => readItem(sql, itemId)),
    list: (after, limit, deadline) => pool.use("read", deadline, (sql) => listItems(sql, after, limit)),
    hide: (itemId, deadline) => pool.use("write", deadline, (sql) => hideItem(sql, itemId)),
  };
}

/**
 * Inserts or replaces whole `items` in one transaction: what is null or empty in them is so in the store afterwards.
 * Of equal ids the last one counts. Made for up to 1000 items a call.
 * Throws StoreUnavailableError or StoreDataError.
 */
export async function upsertItems(
  pool: Pool,
  items: readonly CatalogItem[],
  deadline: Deadline,
): Promise<UpsertCounts> {
  const lasts = new Map(items.map((item) => [item.itemId, item]));
  // Rows are taken in one order, so that two imports of the same items never deadlock.
  const sorted = [...lasts.values()].sort((a, b) => (a.itemId < b.itemId ? -1 : 1));
  const created = await pool.transaction("write", deadline, (tx) => upsertRows(tx, sorted));
  const inserted = created.filter(Boolean).length;
  return { inserted, updated: created.length - inserted };
}

/** One flag per row: true when it was new. */
async function upsertRows(tx: Transaction, items: readonly CatalogItem[]): Promise<boolean[]> {
  const rows = await tx<{ is_new: boolean }[]>`
    insert into items as i (item_id, title, price, cover_image, category, author, tags, verified, published_at,
      hidden, attributes)
    select item_id, title, price, cover_image, category, author,
      array(select json_array_elements_text(tags::json)), verified, to_timestamp(published_ms / 1000.0),
      hidden, attributes::jsonb
    from unnest(
      ${textArray(items.map(({ itemId }) => itemId))}::text[],
      ${textArray(items.map(({ title }) => title))}::text[],
      ${numberArray(items.map(({ price }) => price))}::float8[],
      ${textArray(items.map(({ coverImage }) => coverImage))}::text[],
      ${textArray(items.map(({ category }) => category))}::text[],
      ${textArray(items.map(({ author }) => author))}::text[],
      ${textArray(items.map(({ tags }) => JSON.stringify(tags)))}::text[],
      ${numberArray(items.map(({ verified }) => verified))}::bool[],
      ${numberArray(items.map(({ publishedAtMs }) => publishedAtMs))}::bigint[],
      ${numberArray(items.map(({ hidden }) => hidden))}::bool[],
      ${textArray(items.map(({ attributes }) => JSON.stringify(attributes)))}::text[]
    ) as n(item_id, title, price, cover_image, category, author, tags, verified, published_ms, hidden, attributes)
    on conflict (item_id) do update set
      title = excluded.title, price = excluded.price, cover_image = excluded.cover_image,
      category = excluded.category, author = excluded.author, tags = excluded.tags,
      verified = excluded.verified, published_at = excluded.published_at, hidden = excluded.hidden,
      attributes = excluded.attributes, version = i.version + 1, updated_at = clock_timestamp()
    returning xmax = 0 as is_new`;
  return rows.map(({ is_new }) => is_new);
}

const columns = (sql: Connection) => sql`
  item_id as "itemId", title, price, cover_image as "coverImage", category, author, to_json(tags) as tags, verified,
  floor(date_part('epoch', published_at) * 1000) as "publishedAtMs", hidden, attributes,
  version::float8 as version, floor(date_part('epoch', created_at) * 1000) as "createdAtMs",
  floor(date_part('epoch', updated_at) * 1000) as "updatedAtMs"`;

async function readItem(sql: Connection, itemId: string): Promise<StoredItem | null> {
  const [row] = await sql<StoredItem[]>`select ${columns(sql)} from items where item_id = ${itemId}`;
  return row ?? null;
}

/** Along the primary key. */
async function listItems(
  sql: Connection,
  after: string | null,
  limit: number,
): Promise<readonly StoredItem[]> {
  return sql<StoredItem[]>`
    select ${columns(sql)} from items where item_id > ${after ?? ""} order by item_id limit ${limit}::int`;
}

/** A row that is hidden already stays as it is. */
async function hideItem(sql: Connection, itemId: string): Promise<boolean> {
  const [found] = await sql<{ found: boolean }[]>`
    with hidden as (
      update items set hidden = true, version = version + 1, updated_at = clock_timestamp()
      where item_id = ${itemId} and not hidden
    )
    select exists (select from items where item_id = ${itemId}) as found`;
  return found?.found ?? false;
}
