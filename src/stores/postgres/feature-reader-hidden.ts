/** Reads what must not be shown, to everybody or to one user. */

import type { VisibilityChanges } from "../../recommend/ports.ts";
import { textArray } from "./array-literal.ts";
import type { Connection } from "./pool-types.ts";

/** Along idx_items_hidden. */
export async function hiddenItems(
  sql: Connection,
  after: string | null,
  limit: number,
): Promise<readonly string[]> {
  const rows = await sql<{ item_id: string }[]>`
    select item_id from items where hidden and item_id > ${after ?? ""}
    order by item_id limit ${limit}::int`;
  return rows.map(({ item_id }) => item_id);
}

/**
 * Along idx_items_updated_at and idx_user_hidden_items_created_at. A row that is new and shown was never hidden, so a
 * large import is not read back.
 */
export async function visibilityChanges(
  sql: Connection,
  windowMs: number,
  limit: number,
): Promise<VisibilityChanges> {
  const [hidden, shown, users] = await Promise.all([
    sql<{ item_id: string }[]>`
      select item_id from items
      where updated_at > now() - ${windowMs}::int * interval '1 ms' and hidden
      limit ${limit}::int`,
    sql<{ item_id: string }[]>`
      select item_id from items
      where updated_at > now() - ${windowMs}::int * interval '1 ms' and not hidden and version > 1
      limit ${limit}::int`,
    sql<{ userId: string; atMs: number }[]>`
      select user_id as "userId", date_part('epoch', max(created_at))::float8 * 1000 as "atMs"
      from user_hidden_items where created_at > now() - ${windowMs}::int * interval '1 ms'
      group by user_id order by max(created_at) desc limit ${limit}::int`,
  ]);
  const idsOf = (rows: readonly { readonly item_id: string }[]) => rows.map(({ item_id }) => item_id);
  return {
    hidden: idsOf(hidden),
    shown: idsOf(shown),
    isComplete: hidden.length < limit && shown.length < limit,
    users,
  };
}

export async function hiddenByUsers(sql: Connection, userIds: readonly string[]) {
  const read = new Map<string, string[]>(userIds.map((userId) => [userId, []]));
  const rows = await sql<{ user_id: string; item_id: string }[]>`
    select user_id, item_id from user_hidden_items
    where user_id = any (${textArray(userIds)}::text[]) and (until is null or until > now())`;
  for (const { user_id, item_id } of rows) read.get(user_id)?.push(item_id);
  return read;
}
