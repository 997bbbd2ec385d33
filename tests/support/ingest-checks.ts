/** Checks of what ingest promises, over a store that a mutant may have broken. */

import { expect } from "bun:test";
import { createIngestService } from "../../src/actors/http-ingest.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { AnyEvent } from "../../src/events/model.ts";
import type { IngestStore } from "../../src/events/ports.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { query } from "./backbone.ts";
import { aDirectEvent, anImpressionEvent, aWatchEvent, planOf } from "./plans.ts";

export type WrapIngest = (store: IngestStore) => IngestStore;

/** Events that are sent again, one by one and all at once, are stored, streamed, counted and announced once. */
export async function checkRepeatsStoredOnce(pool: Pool, wrap: WrapIngest): Promise<void> {
  const announced = { applied: 0, watches: 0, outbox: 0 };
  await using ingest = createIngestService({
    store: wrap(createIngestStore(pool, systemClock)),
    clock: systemClock,
    onApplied: () => announced.applied++,
    onWatches: ({ length }) => {
      announced.watches += length;
    },
    onOutbox: () => announced.outbox++,
  });
  const accept = (event: AnyEvent) => ingest.accept([planOf(event)], Deadline.after(10_000));
  const events = [
    aDirectEvent(),
    aWatchEvent({ eventId: "watch-0001" }),
    anImpressionEvent({ eventId: "imp-0001" }),
  ];
  const outcomes: unknown[] = [];
  for (const event of events) outcomes.push(...(await accept(event)));
  expect(outcomes).toEqual(["accepted", "accepted", "accepted"]);
  for (const event of events) outcomes.push(...(await accept(event)));
  const together = await Promise.all(events.flatMap((event) => [accept(event), accept(event)]));
  const [rows] = await query(
    pool,
    `select (select count(*)::int from watches) as watches,
       (select count(distinct event_id)::int from impressions) as impressions,
       (select count(*)::int from event_outbox) as outbox,
       (select sum(score)::float8 from item_popularity) as popularity`,
  );
  expect(rows).toEqual({ watches: 1, impressions: 1, outbox: 2, popularity: 1 });
  expect([...outcomes.slice(3), ...together.flat()]).toEqual(Array.from({ length: 9 }, () => "duplicate"));
  expect(announced).toEqual({ applied: 1, watches: 1, outbox: 2 });
}
