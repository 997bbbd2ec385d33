/** Replays with one guarantee broken at a time: the check that the real ones pass must catch it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { OUTBOX_PARTITIONS, query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { checkConserved, type Requeue, realRequeue, soon } from "../support/outbox-checks.ts";

/** Puts rows back and leaves them counted as published. */
const counterNotLowered: Requeue = async (pool, ...rest) => {
  const ids = await realRequeue(pool, ...rest);
  await query(
    pool,
    `update outbox_counter c set published = c.published + r.rows
     from (select partition, count(*) as rows from event_outbox where id in (${ids.join(",")}) group by 1) r
     where r.partition = c.partition`,
  );
  return ids;
};

describe("replay mutants", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool({ max: 16 });
    await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, soon());
  });
  afterEach(() => database[Symbol.asyncDispose]());

  test("a counter that a requeue does not lower is caught by the conservation of rows", async () => {
    expect(await failure(checkConserved(pool, counterNotLowered))).toContain('"inserted": 10');
  });
});

/** The message with which a check failed; "passed" when it did not. */
const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );
