/** Stores catalogue items. */

import type { CatalogItem } from "../../catalog/item.ts";
import type { Deadline } from "../../core/deadline.ts";
import { numberArray, textArray } from "./array-literal.ts";
import type { Pool, Transaction } from "./pool-types.ts";

export interface UpsertCounts {
  readonly inserted: number;
  readonly updated: number;
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
      attributes = excluded.attributes, version = i.version + 1, updated_at = now()
    returning xmax = 0 as is_new`;
  return rows.map(({ is_new }) => is_new);
}
