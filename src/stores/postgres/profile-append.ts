/** Makes a user's profile grow while every rule stays as it is: for measuring frozen rules in a store made for that. */

import type { Deadline } from "../../core/deadline.ts";
import type { Interaction } from "../../events/model.ts";
import { insertEvents } from "./feature-fold-events.ts";
import type { Pool } from "./pool-types.ts";
import { sentTogether } from "./sent-together.ts";

/**
 * Stores an interaction as an event and as the newest of the user's history, and nowhere else: afterwards the features
 * are no longer the fold of the events. Not flushed to disk, since nobody needs it after a crash.
 */
export async function appendToProfile(
  pool: Pool,
  interaction: Interaction,
  deadline: Deadline,
): Promise<void> {
  const { userId, itemId, tsMs } = interaction;
  await pool.transaction("write", deadline, async (tx) => {
    await sentTogether([
      tx`set local synchronous_commit = off`,
      insertEvents(tx, [interaction], ""),
      tx`
        insert into user_history (user_id, pos, item_id, ts)
        select ${userId}, coalesce(max(pos), 0) + 1, ${itemId}, to_timestamp(${tsMs}::bigint / 1000.0)
        from user_history where user_id = ${userId}`,
    ]);
  });
}
