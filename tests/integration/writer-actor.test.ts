/** The writer actor on a real store. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { packSlates } from "../../src/actors/slate-message.ts";
import { start, type WriterMessage } from "../../src/actors/writer.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import type { Actor } from "../../src/supervisor/actor.ts";
import { createTestContext } from "../support/actor-context.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import type { ConfigOverrides } from "../support/fakes/http-services.ts";
import { actorArgs, countedBy } from "../support/http-worker.ts";
import { settled } from "../support/manual-clock.ts";
import { anImpressionEvent } from "../support/plans.ts";
import { aSlate, written } from "../support/slates.ts";

setDefaultTimeout(30_000);

let database: TestDatabase;
let pool: Pool;
const writers: Actor[] = [];

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => query(pool, "truncate impressions, ingested_event, event_outbox"));
afterEach(async () => {
  for (const actor of writers.splice(0)) await actor.stop?.();
});

async function aWriter(overrides: ConfigOverrides = {}) {
  const context = createTestContext({
    id: "writer",
    args: actorArgs(database.url, "/nonexistent", overrides),
    peers: { relay: {} },
  });
  const actor = (await start(context)) as Actor<WriterMessage>;
  writers.push(actor as Actor);
  const write = async (eventId: string) =>
    actor.receive?.({ kind: "impression", event: anImpressionEvent({ eventId }) }, "http-0");
  const outcome = (name: string) => countedBy(actor as Actor, "reco_impression_log_total", { outcome: name });
  return { actor, context, write, outcome };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => `imp-${index}`);

test("impressions that come together share their commits", async () => {
  const { write, outcome } = await aWriter();
  await Promise.all(upTo(60).map(write));
  const [stored] = await query(
    pool,
    `select count(distinct event_id)::int as events, count(distinct xmin::text)::int as transactions from impressions`,
  );
  expect(stored).toEqual({ events: 60, transactions: 1 });
  expect(outcome("logged")).toBe(60);
});

test("the relay is woken for new impressions and not for repeats", async () => {
  const { context, write, outcome } = await aWriter();
  await write("imp-1");
  expect(context.sentTo("relay")).toEqual([{ kind: "wake" }]);
  await write("imp-1");
  expect(context.sentTo("relay")).toHaveLength(1);
  expect([outcome("logged"), outcome("duplicate")]).toEqual([1, 1]);
});

test("says that it got something done with each impression, so that a busy writer is not taken for a stuck one", async () => {
  const { context, write } = await aWriter();
  await Promise.all(upTo(5).map(write));
  expect(context.progressCount()).toBe(5);
});

test("a stop stores what was accepted", async () => {
  const { actor, write } = await aWriter();
  const writes = upTo(40).map(write);
  await settled();
  await actor.stop?.();
  await Promise.all(writes);
  expect(await query(pool, "select count(distinct event_id)::int as events from impressions")).toEqual([
    { events: 40 },
  ]);
});

test("what cannot be stored within the time of a stop is given up on, and counted", async () => {
  const { write, outcome } = await aWriter({ reco: { backgroundShutdownMs: 200 } });
  await pool.transaction("write", Deadline.after(20_000), async (tx) => {
    await tx`lock table impressions in access exclusive mode`;
    // Far below the 5 s that an impression has otherwise.
    await Deadline.after(3_000).race(Promise.all(upTo(5).map(write)));
    expect(outcome("failed")).toBe(5);
  });
});

test("stores slates of several workers beside impressions, and gives their credit back at once", async () => {
  const { actor, write } = await aWriter();
  const slates = (worker: number) =>
    upTo(20).map((id) => aSlate({ requestId: `worker-${worker}-${id}`, servedAtMs: Date.now() }));
  for (const worker of [1, 2]) {
    const message = packSlates(written({ slates: slates(worker) }));
    expect(await actor.receive?.(message, `http-${worker}`)).toBeUndefined();
  }
  await Promise.all(upTo(5).map(write));
  await actor.stop?.();
  expect(await query(pool, "select count(*)::int as slates from served_slates")).toEqual([{ slates: 40 }]);
});
