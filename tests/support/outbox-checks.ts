/** Checks of a requeue that hold for the real statement and must fail on broken ones. */

import { expect } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import { type RequeueFilter, requeue } from "../../src/stores/postgres/outbox-requeue.ts";
import { readOutboxSnapshot } from "../../src/stores/postgres/outbox-snapshot.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { ingest, query, startRelay } from "./backbone.ts";
import { eventually } from "./eventually.ts";
import { aWatchEvent } from "./plans.ts";

export type Requeue = typeof requeue;

export const realRequeue: Requeue = requeue;

export const aFilter = (over: Partial<RequeueFilter> = {}): RequeueFilter => ({
  status: "dead",
  topic: null,
  sinceMs: null,
  untilMs: null,
  limit: 1000,
  ...over,
});

export const soon = () => Deadline.after(10_000);

/** Stores and publishes `count` watches of two users; the relay has stopped afterwards. */
export async function publishWatches(pool: Pool, count: number): Promise<void> {
  await ingest(
    pool,
    Array.from({ length: count }, (_, index) =>
      aWatchEvent({ eventId: `outbox-${String(index).padStart(3, "0")}`, userId: `u-${index % 2}` }),
    ),
  );
  await using _relay = startRelay(pool);
  await allPublished(pool, count);
}

export const allPublished = (pool: Pool, count: number) =>
  eventually(
    async () => {
      const { pending, publishing, published, dead } = await readOutboxSnapshot(pool, soon());
      expect({ pending, publishing, published, dead }).toEqual({
        pending: 0,
        publishing: 0,
        published: count,
        dead: 0,
      });
    },
    { timeoutMs: 10_000 },
  );

/** I5: inserted = published + dead + pending + publishing, by the counters and by the rows. */
export async function expectConserved(pool: Pool): Promise<void> {
  const [rows] = await query(
    pool,
    `select count(*)::int as inserted, count(*) filter (where status = 'published')::int as published,
       count(*) filter (where status = 'dead')::int as dead from event_outbox`,
  );
  const { pending, publishing, published, dead } = await readOutboxSnapshot(pool, soon());
  expect({ inserted: pending + publishing + published + dead, published, dead }).toEqual(rows as never);
}

/** I5: rows that go from published to pending leave the published counter with the same commit. */
export async function checkConserved(pool: Pool, put: Requeue): Promise<void> {
  await publishWatches(pool, 6);

  await put(pool, aFilter({ status: "published", limit: 4 }), "test", soon());

  await expectConserved(pool);
  await using _relay = startRelay(pool);
  await allPublished(pool, 6);
  await expectConserved(pool);
}
