/** Moving to another event log: what the first still holds is consumed before the second is read. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import type { WatchEvent } from "../../src/events/model.ts";
import type { EventLog } from "../../src/events/ports.ts";
import { hasUnread } from "../../src/stores/eventlog/embedded-unread.ts";
import { createSuccession } from "../../src/stores/eventlog/succession.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import {
  append,
  asMessage,
  embeddedLog,
  GROUP,
  ingest,
  query,
  startConsumer,
  startRelay,
  TOPICS,
} from "../support/backbone.ts";
import { consumed } from "../support/consumer-checks.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { aWatchEvent } from "../support/plans.ts";

const watches: readonly WatchEvent[] = Array.from({ length: 60 }, (_, index) =>
  aWatchEvent({ eventId: `move-${String(index).padStart(4, "0")}`, userId: `u-${index % 7}` }),
);

let database: TestDatabase;
let other: TestDatabase;
let pool: Pool;
/** A log of another database stands for the brokers. */
let second: EventLog;

beforeEach(async () => {
  database = await testDatabase();
  other = await testDatabase();
  pool = database.pool({ max: 20 });
  second = embeddedLog(other.pool({ max: 10 }));
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

const succession = (): EventLog =>
  createSuccession({
    from: embeddedLog(pool),
    to: second,
    isOver: async (group, topics) => !(await hasUnread(pool, group, topics, systemClock)),
  });
const unread = () => hasUnread(pool, GROUP, Object.values(TOPICS), systemClock);

test("loses nothing and counts nothing twice", async () => {
  await append(
    pool,
    watches.slice(0, 40).map((watch) => asMessage(watch)),
  );
  expect(await unread()).toBe(true);
  await using _relay = startRelay(pool, { eventLog: succession() });
  await ingest(pool, watches.slice(40));

  await using _consumer = startConsumer(pool, { eventLog: succession() });
  await consumed(pool, watches.length);

  expect(await unread()).toBe(false);
  expect(await query(pool, "select count(*)::int as n from event_log")).toEqual([{ n: 40 }]);
  expect(await query(pool, "select count(*)::int as n from feature_event_consumed")).toEqual([{ n: 60 }]);
});

test("needs no first log that was ever used", async () => {
  expect(await unread()).toBe(false);
  await using _relay = startRelay(pool, { eventLog: succession() });
  await ingest(pool, watches);

  await using _consumer = startConsumer(pool, { eventLog: succession() });

  await consumed(pool, watches.length);
});
