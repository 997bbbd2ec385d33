/** Stores users and the items they hide. */

import type { StoredUser, UserStore } from "../../catalog/ports.ts";
import { HIDDEN_ITEMS_MAX, type HiddenItem, type UserRecord } from "../../catalog/user.ts";
import { withContentionRetry } from "./contention.ts";
import { lockUsers } from "./feature-fold-events.ts";
import type { Connection, Pool, Transaction } from "./pool-types.ts";
import { mergeUsers } from "./user-merge.ts";

/** `historySize`: items kept of each user. */
export function createUserStore(pool: Pool, historySize: number): UserStore {
  return {
    put: (user, deadline) => pool.use("write", deadline, (sql) => putUser(sql, user)),
    get: (userId, deadline) => pool.use("read", deadline, (sql) => readUser(sql, userId)),
    hideItem: (hidden, deadline) => pool.transaction("write", deadline, (tx) => hideItem(tx, hidden)),
    showItem: (userId, itemId, deadline) =>
      pool.use("write", deadline, async (sql) => {
        await sql`delete from user_hidden_items where user_id = ${userId} and item_id = ${itemId}`;
      }),
    merge: (from, to, actor, deadline) =>
      withContentionRetry(deadline, () =>
        pool.transaction("write", deadline, (tx) => mergeUsers(tx, { from, to, actor, historySize })),
      ),
  };
}

async function putUser(sql: Connection, user: UserRecord): Promise<"created" | "updated"> {
  const { userId, email, emailVerified, attributes } = user;
  const [row] = await sql<{ is_new: boolean }[]>`
    insert into profiles.users as u (id, email, email_verified, attributes)
    values (${userId}, ${email}, ${emailVerified}, ${JSON.stringify(attributes)}::text::jsonb)
    on conflict (id) do update set email = excluded.email, email_verified = excluded.email_verified,
      attributes = excluded.attributes, updated_at = now()
    returning xmax = 0 as is_new`;
  return row?.is_new ? "created" : "updated";
}

async function readUser(sql: Connection, userId: string): Promise<StoredUser | null> {
  const [row] = await sql<StoredUser[]>`
    select id as "userId", email, email_verified as "emailVerified", attributes,
      floor(date_part('epoch', created_at) * 1000) as "createdAtMs",
      floor(date_part('epoch', updated_at) * 1000) as "updatedAtMs"
    from profiles.users where id = ${userId}`;
  return row ?? null;
}

/** Under the user's lock, so that two at once don't pass the limit together. What ran out makes room. */
async function hideItem(
  tx: Transaction,
  { userId, itemId, untilMs }: HiddenItem,
): Promise<"hidden" | "full"> {
  await lockUsers(tx, [userId]);
  await tx`delete from user_hidden_items where user_id = ${userId} and until <= now()`;
  const { count } = await tx`
    insert into user_hidden_items (user_id, item_id, until, created_at)
    select ${userId}, ${itemId}, to_timestamp(${untilMs}::float8 / 1000), clock_timestamp()
    where (select count(*) from user_hidden_items where user_id = ${userId} and item_id <> ${itemId}) < ${HIDDEN_ITEMS_MAX}::int
    on conflict (user_id, item_id) do update set until = excluded.until, created_at = excluded.created_at`;
  return count === 1 ? "hidden" : "full";
}
