/** Ingest with one guarantee broken at a time: the check that the real one passes must catch it. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import type { EventId } from "../../src/core/ids.ts";
import type { IngestPlan } from "../../src/events/ports.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { checkRepeatsStoredOnce, type WrapIngest } from "../support/ingest-checks.ts";

/** Takes every delivery for a new event. */
const noDeduplication: WrapIngest = (store) => {
  let deliveries = 0;
  const asNew = (plan: IngestPlan): IngestPlan => {
    const eventId = `${plan.event.eventId}-${++deliveries}` as EventId;
    return { ...plan, event: { ...plan.event, eventId } };
  };
  return { accept: (plans, deadline) => store.accept(plans.map(asNew), deadline) };
};

/** Answers every known event as if it were new. */
const repeatsAnnounced: WrapIngest = (store) => ({
  async accept(plans, deadline) {
    const { outcomes, changed } = await store.accept(plans, deadline);
    return { outcomes: outcomes.map(() => "accepted" as const), changed };
  },
});

let database: TestDatabase;
let pool: Pool;
beforeEach(async () => {
  database = await testDatabase();
  pool = database.pool();
});
afterEach(() => database[Symbol.asyncDispose]());

test("the real store passes", async () => {
  await checkRepeatsStoredOnce(pool, (store) => store);
});

test("without de-duplication a repeat is caught", async () => {
  expect(await failure(checkRepeatsStoredOnce(pool, noDeduplication))).toContain('"watches": 4');
});

test("repeats that are answered as new are caught", async () => {
  expect(await failure(checkRepeatsStoredOnce(pool, repeatsAnnounced))).toContain("duplicate");
});

/** The message with which a check failed; "passed" when it did not. */
const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );
