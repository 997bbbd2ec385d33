/** The stores that import rows go to. */

import type { CatalogItem } from "../../catalog/item.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { EventId } from "../../core/ids.ts";
import type { AnyEvent } from "../../events/model.ts";
import type { IngestPlan } from "../../events/ports.ts";
import { importEvents } from "../../stores/postgres/interaction-import.ts";
import { upsertItems } from "../../stores/postgres/item-store.ts";
import { isEventKnown, isItemKnown } from "../../stores/postgres/known-rows.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";
import type { RowStore } from "./import-run.ts";

/** One chunk waits on the locks of live writers at most this long. */
const CHUNK_DEADLINE_MS = 60_000;

/** `publish` writes outbox rows too: the features of watches then follow through the stream. */
export function eventRowStore(
  pool: Pool,
  publish: boolean,
  clock: Clock = systemClock,
): RowStore<IngestPlan> {
  return {
    store: (plans) => importEvents(pool, plans, { publish }, clock, Deadline.after(CHUNK_DEADLINE_MS, clock)),
    keyOf: ({ event }) => `${event.kind} ${event.eventId}`,
    holds(key) {
      const space = key.indexOf(" ");
      const event = {
        kind: key.slice(0, space) as AnyEvent["kind"],
        eventId: key.slice(space + 1) as EventId,
      };
      return isEventKnown(pool, event, Deadline.after(CHUNK_DEADLINE_MS, clock));
    },
  };
}

/** Of equal ids the last one stays; all that were stored before count as known. */
export function itemRowStore(pool: Pool, clock: Clock = systemClock): RowStore<CatalogItem> {
  return {
    async store(items) {
      const { inserted } = await upsertItems(pool, items, Deadline.after(CHUNK_DEADLINE_MS, clock));
      return { inserted, duplicates: items.length - inserted };
    },
    keyOf: ({ itemId }) => itemId,
    holds: (itemId) => isItemKnown(pool, itemId, Deadline.after(CHUNK_DEADLINE_MS, clock)),
  };
}
