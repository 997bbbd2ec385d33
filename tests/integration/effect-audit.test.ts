/** The audit of effects passes what is right and names what is wrong. */

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import {
  findEffectDifferences,
  findUnaccounted,
  readBacklog,
} from "../../src/stores/postgres/effect-audit.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { ingest, query, startConsumer, startRelay } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { HALF_LIFE_HOURS } from "../support/feature-tables.ts";
import { aDirectEvent, anImpressionEvent, aWatchEvent, planOf } from "../support/plans.ts";

setDefaultTimeout(30_000);

let database: TestDatabase;
let pool: Pool;
beforeEach(async () => {
  database = await testDatabase();
  pool = database.pool();
});
afterEach(() => database[Symbol.asyncDispose]());

const soon = () => Deadline.after(10_000);
const differences = () =>
  findEffectDifferences(pool, { historySize: 20, halfLifeHours: HALF_LIFE_HOURS }, soon());

const WATCHES = ["audit-w-1", "audit-w-2"];

/** Two watches and an impression that went through the whole pipeline, and a direct event. */
async function applied(): Promise<void> {
  const watches = WATCHES.map((eventId, index) => aWatchEvent({ eventId, itemId: `i-${index}` as never }));
  await ingest(pool, [...watches, anImpressionEvent({ eventId: "audit-i-1" })]);
  await createIngestStore(pool, systemClock).accept(
    [planOf(aDirectEvent({ eventId: "audit-d-1" as never }))],
    soon(),
  );
  await using _relay = startRelay(pool);
  await using _consumer = startConsumer(pool);
  await eventually(
    async () => expect(await readBacklog(pool, soon())).toEqual({ unpublished: 0, unapplied: 0 }),
    {
      timeoutMs: 15_000,
    },
  );
}

describe("what was acknowledged", () => {
  test("is accounted for once it is applied", async () => {
    await applied();
    expect(await findUnaccounted(pool, "watch", WATCHES, soon())).toEqual([]);
    expect(await findUnaccounted(pool, "impression", ["audit-i-1"], soon())).toEqual([]);
    expect(await findUnaccounted(pool, "direct", ["audit-d-1"], soon())).toEqual([]);
  });

  test("is missing while it was not applied, or is not stored at all", async () => {
    await ingest(pool, [aWatchEvent({ eventId: "audit-w-9" })]);
    expect(await readBacklog(pool, soon())).toEqual({ unpublished: 1, unapplied: 0 });
    expect(await findUnaccounted(pool, "watch", ["audit-w-9", "nowhere-1"], soon())).toEqual([
      "audit-w-9",
      "nowhere-1",
    ]);
    expect(await findUnaccounted(pool, "direct", ["audit-w-9"], soon())).toEqual(["audit-w-9"]);
  });

  test.each([
    ["the fact", "delete from watches where event_id = 'audit-w-1'"],
    ["the marker", "delete from feature_event_consumed where stream_event_id = 'watch-audit-w-1'"],
    ["the effect", "delete from events where event_id = 'watch-audit-w-1'"],
  ])("is missed without %s", async (_what, tamper) => {
    await applied();
    await query(pool, tamper);
    expect(await findUnaccounted(pool, "watch", WATCHES, soon())).toEqual(["audit-w-1"]);
  });
});

describe("effects", () => {
  test("of the real pipeline have no differences", async () => {
    await applied();
    expect(await differences()).toEqual([]);
  });

  test.each([
    [
      "a doubled score",
      "update item_popularity set score = score * 2 where item_id = 'i-0'",
      "popularity of i-0",
    ],
    ["a doubled transition", "update co_visitation set cnt = cnt + 1", "transitions of"],
    ["a doubled rule", "update seq_rule set n = n + 1", "rules of"],
    ["a lost history", "delete from user_history", "history of"],
    ["a doubled decay", "update item_decay set score = score + 1 where item_id = 'i-0'", "decayed of i-0"],
    ["a doubled exposure", "update item_exposure set impressions = impressions + 1", "exposures of"],
    [
      "a marker without effect",
      "insert into feature_event_consumed values ('watch-ghost-1', 't', 0, 0)",
      "watch-ghost-1",
    ],
  ])("with %s are named", async (_what, tamper, name) => {
    await applied();
    await query(pool, tamper);
    expect((await differences()).join("\n")).toContain(name);
  });
});
