/** What a requeue of outbox rows changes, and what it leaves alone. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { requeueable } from "../../src/stores/postgres/outbox-requeue.ts";
import { readOutboxSnapshot } from "../../src/stores/postgres/outbox-snapshot.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { readAudit } from "../support/audit-chain.ts";
import { ingest, OUTBOX_PARTITIONS, query, startConsumer, startRelay, TOPICS } from "../support/backbone.ts";
import { consumed } from "../support/consumer-checks.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import {
  aFilter,
  allPublished,
  checkConserved,
  expectConserved,
  publishWatches,
  realRequeue,
  soon,
} from "../support/outbox-checks.ts";
import { anImpressionEvent, aWatchEvent } from "../support/plans.ts";

let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 16 });
  await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, soon());
});
afterEach(() => database[Symbol.asyncDispose]());

const requeue = (over: Parameters<typeof aFilter>[0] = {}) =>
  realRequeue(pool, aFilter(over), "cli:test", soon());
const kill = (where: string) =>
  query(
    pool,
    `update event_outbox set status = 'dead', attempt_count = 25, last_error = 'broker said no',
       next_attempt_at = now() + interval '1 hour' where ${where}`,
  );
const some = (count: number) =>
  ingest(
    pool,
    Array.from({ length: count }, (_, index) =>
      aWatchEvent({ eventId: `outbox-${index}`, userId: `u-${index}` }),
    ),
  );

test("a dead row is due at once, as if it were new, and marked as a replay", async () => {
  await some(1);
  await kill("true");

  const ids = await requeue();

  const rows = await query(
    pool,
    `select id, status, attempt_count, last_error, published_at, lease_expires_at, headers,
       next_attempt_at <= now() as due from event_outbox`,
  );
  expect(rows).toEqual([
    {
      id: ids[0],
      status: "pending",
      attempt_count: 0,
      last_error: null,
      published_at: null,
      lease_expires_at: null,
      headers: { "x-replay": "1" },
      due: true,
    },
  ]);
});

test("a revived row is published with the replay header, and its event is applied", async () => {
  await ingest(pool, [aWatchEvent({ eventId: "revived-1", itemId: "i-1", watchTimeSec: 300 })]);
  await kill("true");
  await requeue();

  await using _relay = startRelay(pool);
  await using _consumer = startConsumer(pool);
  await allPublished(pool, 1);
  await consumed(pool, 1);

  expect(await query(pool, "select headers->>'x-replay' as replay from event_log")).toEqual([
    { replay: "1" },
  ]);
  expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 10 }]);
});

test("published rows that are sent again change no feature", async () => {
  await ingest(pool, [
    aWatchEvent({ eventId: "again-001", watchTimeSec: 300 }),
    anImpressionEvent({ eventId: "again-002" }),
  ]);
  await using _relay = startRelay(pool);
  await using _consumer = startConsumer(pool);
  await consumed(pool, 2);
  await allPublished(pool, 2);

  expect(await requeue({ status: "published" })).toHaveLength(2);
  await consumed(pool, 4);

  expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 10 }]);
  expect(await query(pool, "select sum(impressions)::int as shown from item_exposure")).toEqual([
    { shown: 2 },
  ]);
});

test("inserted stays published + dead + pending through requeues", () => checkConserved(pool, realRequeue));

test("takes dead rows unless asked for others, the lowest ids first, and never pending ones", async () => {
  await publishWatches(pool, 4);
  await kill("event_id in ('outbox-001', 'outbox-003')");
  await query(pool, "update event_outbox set published_at = null where status = 'dead'");
  await query(
    pool,
    "update outbox_counter set published = (select count(*) from event_outbox o where o.partition = outbox_counter.partition and status = 'published')",
  );
  const idOf = Object.fromEntries(
    (await query(pool, "select event_id, id from event_outbox")).map(({ event_id, id }) => [event_id, id]),
  );

  const selected = async (over: Parameters<typeof aFilter>[0]) => requeueable(pool, aFilter(over), soon());
  expect(await selected({})).toEqual([idOf["outbox-001"], idOf["outbox-003"]] as never);
  expect(await selected({ status: "published" })).toEqual([idOf["outbox-000"], idOf["outbox-002"]] as never);
  expect(await selected({ status: "all" })).toHaveLength(4);
  expect(await selected({ status: "all", limit: 3 })).toEqual([
    idOf["outbox-000"],
    idOf["outbox-001"],
    idOf["outbox-002"],
  ] as never);

  expect(await requeue({ limit: 1 })).toEqual([idOf["outbox-001"]] as never);
  expect(await requeue({ status: "all" })).toHaveLength(3);
  expect(await requeue({ status: "all" })).toEqual([]);
  await expectConserved(pool);
});

test("looks at one topic and one span of creation times when asked", async () => {
  await some(3);
  await ingest(pool, [anImpressionEvent({ eventId: "shown-001" })]);
  await kill("true");
  await query(pool, "update event_outbox set created_at = to_timestamp(1000 + id)");
  const ids = (await query(pool, "select id from event_outbox order by id")).map(({ id }) => id as bigint);

  expect(await requeueable(pool, aFilter({ topic: TOPICS.impressions }), soon())).toEqual([ids[3] as bigint]);
  const sinceMs = Number(1000n + (ids[1] as bigint)) * 1000;
  const span = aFilter({ sinceMs, untilMs: sinceMs + 2000 });
  expect(await requeueable(pool, span, soon())).toEqual([ids[1], ids[2]] as never);
  expect(await requeueable(pool, aFilter({ topic: "other" }), soon())).toEqual([]);
});

test("a dry run changes nothing", async () => {
  await some(2);
  await kill("true");
  const before = await query(pool, "select * from event_outbox order by id");

  expect(await requeueable(pool, aFilter(), soon())).toHaveLength(2);

  expect(await query(pool, "select * from event_outbox order by id")).toEqual(before);
  expect(await readAudit(pool)).toEqual([]);
});

test("F6: two requeues at once share the rows, and each leaves one audit row of an unbroken chain", async () => {
  await some(40);
  await kill("true");

  const taken = await Promise.all(Array.from({ length: 4 }, () => requeue({ limit: 15 })));

  const ids = taken.flat();
  expect(new Set(ids).size).toBe(ids.length);
  const { pending, dead } = await readOutboxSnapshot(pool, soon());
  expect({ pending, dead }).toEqual({ pending: ids.length, dead: 40 - ids.length });
  const audit = await readAudit(pool);
  expect(audit.map(({ actor, action }) => `${actor} ${action}`)).toEqual(
    Array(4).fill("cli:test outbox.requeue"),
  );
  expect(audit.map(({ result }) => result).sort()).toEqual(
    taken.map(({ length }) => `requeued ${length}`).sort(),
  );
  expect(JSON.parse(audit[0]?.object ?? "")).toMatchObject({ status: "dead", limit: 15 });
});
