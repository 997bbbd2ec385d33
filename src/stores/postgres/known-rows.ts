/** Tells whether a row that an import noted down is in this database. */

import type { Deadline } from "../../core/deadline.ts";
import type { AnyEvent } from "../../events/model.ts";
import type { Pool } from "./pool-types.ts";

/** Throws StoreUnavailableError, as its sibling does. */
export function isEventKnown(
  pool: Pool,
  { eventId, kind }: Pick<AnyEvent, "eventId" | "kind">,
  deadline: Deadline,
): Promise<boolean> {
  return pool.use("read", deadline, async (sql) => {
    const rows = await sql`
      select 1 from ingested_event where event_id = ${eventId} and event_type = ${kind}`;
    return rows.length > 0;
  });
}

export function isItemKnown(pool: Pool, itemId: string, deadline: Deadline): Promise<boolean> {
  return pool.use("read", deadline, async (sql) => {
    const rows = await sql`select 1 from items where item_id = ${itemId}`;
    return rows.length > 0;
  });
}
