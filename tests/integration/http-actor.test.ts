/** The http actor on a real store: what it stores, whom it tells, and what health says. */

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import type { WriterMessage } from "../../src/actors/writer.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { answerOf, bodyOf } from "../support/answers.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { aDirectBody, aWatchBody } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import { FaultProxy, throughPort } from "../support/fault-proxy.ts";
import { FEATURE_TABLES } from "../support/feature-tables.ts";
import { type HttpWorker, startHttpWorker } from "../support/http-worker.ts";
import { aDirectEvent, anInteraction, planOf } from "../support/plans.ts";

setDefaultTimeout(30_000);

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() =>
  query(pool, `truncate ${FEATURE_TABLES}, ingested_event, impressions, watches, event_outbox`),
);

const now = () => systemClock.nowMs();
const aClick = (eventId: string, more: object = {}) => aDirectBody({ event_id: eventId, ts: now(), ...more });
const aWatch = (eventId: string, more: object = {}) =>
  aWatchBody({ event_id: eventId, ts_ms: now(), ...more });
const aWatched = (itemId: string) =>
  anInteraction({ userId: "u-reader", itemId, signal: "click", tsMs: now(), origin: "stream" });
const RECO = "/reco?user_id=u-reader&session_id=s-1";
const CHOSEN = { "X-Request-ID": "chosen-request-1" };
const BEFORE_ANSWER = { reco: { asyncImpressionLogging: false } };
/** Beside the slates, which always go to the writer. */
const impressionsSent = ({ context }: HttpWorker) =>
  (context.sentTo("writer") as readonly WriterMessage[]).filter(({ kind }) => kind === "impression");

/** Items that were clicked before the worker under test starts, the most popular first. */
async function seedItems(...itemIds: string[]): Promise<void> {
  const events = itemIds.flatMap((itemId, rank) =>
    Array.from({ length: itemIds.length - rank }, (_, turn) =>
      aDirectEvent({ eventId: `seed-${itemId}-${turn}`, userId: "u-other", itemId, tsMs: now() }),
    ),
  );
  await createIngestStore(pool, systemClock).accept(events.map(planOf), Deadline.after(10_000));
}

const impressionRows = () =>
  query(pool, "select event_id, item_id, position from impressions order by event_id, position");

describe("impressions", () => {
  test("are stored before the answer when background logging is off", async () => {
    await seedItems("i-1");
    await using worker = await startHttpWorker(database, BEFORE_ANSWER);
    const answer = await bodyOf(await worker.get(RECO));
    const rows = await impressionRows();
    expect(answer.items).toEqual(["i-1"]);
    expect(rows).toMatchObject([{ item_id: "i-1", position: 0 }]);
    expect(worker.context.sentTo("relay")).toEqual([{ kind: "wake" }]);
    expect(impressionsSent(worker)).toEqual([]);
  });

  test("of one X-Request-ID are logged once, however often and however much at once it is asked", async () => {
    await seedItems("i-1");
    await using worker = await startHttpWorker(database, BEFORE_ANSWER);
    await worker.get(RECO, CHOSEN);
    await Promise.all(Array.from({ length: 5 }, () => worker.get(RECO, CHOSEN)));
    expect(await impressionRows()).toHaveLength(1);
    const outcome = (name: string) => worker.counted("reco_impression_log_total", { outcome: name });
    expect(["logged", "duplicate", "conflict", "failed"].map(outcome)).toEqual([1, 5, 0, 0]);
    expect(worker.context.sentTo("relay")).toHaveLength(1);
  });

  test("go to the writer by default, and to nobody else", async () => {
    await seedItems("i-1");
    await using worker = await startHttpWorker(database);
    await worker.get(RECO, CHOSEN);
    expect(impressionsSent(worker)).toMatchObject([
      { kind: "impression", event: { userId: "u-reader", requestId: "chosen-request-1" } },
    ]);
    expect(await impressionRows()).toEqual([]);
  });

  test("are stored by the worker while the writer is away", async () => {
    await seedItems("i-1");
    await using worker = await startHttpWorker(database, {}, { writer: { down: true } });
    const response = await worker.get(RECO);
    await response.body?.cancel();
    expect(response.status).toBe(200);
    expect(await impressionRows()).toHaveLength(1);
    expect(worker.counted("reco_impression_log_total", { outcome: "logged" })).toBe(1);
  });

  test("without a credit in mode drop cost nothing but themselves", async () => {
    await seedItems("i-1");
    const dropping = { reco: { backpressureMode: "drop" as const } };
    await using worker = await startHttpWorker(database, dropping, { writer: { credits: 0 } });
    const { status, body } = await answerOf(await worker.get(RECO));
    expect({ status, items: body.items }).toEqual({ status: 200, items: ["i-1"] });
    expect(await impressionRows()).toEqual([]);
    expect(worker.counted("reco_impression_log_total", { outcome: "dropped" })).toBe(1);
  });
});

describe("acknowledged events", () => {
  test("a watch is known here, to the siblings and to the relay when the client is answered", async () => {
    await seedItems("i-1", "i-2");
    await using worker = await startHttpWorker(database);
    expect((await worker.post("/log/watch", aWatch("watch-0001", { user_id: "u-reader" }))).status).toBe(200);
    expect(worker.context.sentTo("http-1")).toMatchObject([
      { kind: "overlay", interactions: [{ userId: "u-reader", itemId: "i-1" }] },
    ]);
    expect(worker.context.sentTo("relay")).toEqual([{ kind: "wake" }]);
    const answer = await bodyOf(await worker.get("/recommend?user_id=u-reader"));
    expect(answer.items).toEqual(["i-2"]);
  });

  test("a direct event is announced as applied, and only once", async () => {
    await using worker = await startHttpWorker(database);
    await worker.post("/event", aClick("event-0001"));
    await worker.post("/event", aClick("event-0001"));
    expect(worker.context.sentTo("http-1")).toMatchObject([
      { kind: "applied", change: { userIds: ["u-1"], itemIds: ["i-1"] } },
    ]);
    expect(worker.context.sentTo("relay")).toEqual([]);
  });

  test("a watch another worker acknowledged is known after its word", async () => {
    await seedItems("i-1", "i-2");
    await using worker = await startHttpWorker(database);
    await worker.actor.receive?.({ kind: "overlay", interactions: [aWatched("i-2")] }, "http-1");
    expect((await bodyOf(await worker.get("/recommend?user_id=u-reader"))).items).toEqual(["i-1"]);
  });

  test("a kept slate is not shown again once a sibling says that the user acted", async () => {
    await seedItems("i-1", "i-2");
    await using worker = await startHttpWorker(database, BEFORE_ANSWER);
    const shown = async () => (await bodyOf(await worker.get(RECO, CHOSEN))).items;
    expect([await shown(), await shown()]).toEqual([
      ["i-1", "i-2"],
      ["i-1", "i-2"],
    ]);
    await worker.actor.receive?.({ kind: "overlay", interactions: [aWatched("i-1")] }, "http-1");
    expect(await shown()).toEqual(["i-2"]);
  });
});

describe("health", () => {
  const ready = async (worker: Awaited<ReturnType<typeof startHttpWorker>>) =>
    (await worker.get("/readyz")).status;

  test("is red within moments of the store's end while liveness stays green, and recovers", async () => {
    await using proxy = await FaultProxy.to(database.url);
    await using worker = await startHttpWorker({ url: throughPort(database.url, proxy.port) });
    expect(await ready(worker)).toBe(200);
    await proxy.down();
    await eventually(async () => expect(await ready(worker)).toBe(503), { intervalMs: 100 });
    expect((await worker.get("/livez")).status).toBe(200);
    await proxy.up();
    await eventually(async () => expect(await ready(worker)).toBe(200), { intervalMs: 100 });
  });

  test("waits for the schema, and is ready once it is there", async () => {
    await using empty = await testDatabase({ migrated: false });
    await using worker = await startHttpWorker(empty);
    expect(await ready(worker)).toBe(503);
    await migrate({ url: empty.url, deadline: Deadline.after(10_000) });
    await eventually(async () => expect(await ready(worker)).toBe(200), { intervalMs: 250 });
    expect(worker.context.failures).toEqual([]);
  });

  test("a schema too new for this build's writes is read, and every write is refused with 503", async () => {
    await using newer = await testDatabase();
    await query(newer.pool(), "update schema_info set min_writer = 1000");
    await using worker = await startHttpWorker(newer);
    const refused = await worker.post("/event", aClick("event-0001"));
    expect([refused.status, ((await refused.json()) as { error_code: string }).error_code]).toEqual([
      503,
      "persist_failed",
    ]);
    expect((await worker.get("/reco?user_id=u-1&session_id=s-1")).status).toBe(200);
    expect(await ready(worker)).toBe(503);
  });

  test("a schema that was changed after it was applied ends the tree with 78", async () => {
    await using drifted = await testDatabase();
    await query(
      drifted.pool(),
      "update schema_migrations set checksum = 'other' where version = '0002_event_backbone.sql'",
    );
    await using worker = await startHttpWorker(drifted, { database: { initOnStartup: false } });
    await eventually(() => expect(worker.context.failures).not.toEqual([]));
    expect(worker.context.failures[0]).toMatchObject({
      name: "FatalError",
      exitCode: 78,
      message: expect.stringContaining("0002_event_backbone.sql"),
    });
  });
});

describe("the stop", () => {
  test("finishes requests in flight, while readiness is red", async () => {
    const worker = await startHttpWorker(database, { http: { drainDelayMs: 300 } });
    const inFlight: Promise<Response>[] = [];
    const stopping: Promise<unknown>[] = [];
    await pool.transaction("write", Deadline.after(10_000), async (tx) => {
      await tx`lock table events in access exclusive mode`;
      inFlight.push(worker.post("/event", aClick("event-0001")));
      await eventually(async () => {
        expect(await query(pool, "select 1 as waits from pg_locks where not granted limit 1")).toHaveLength(
          1,
        );
      });
      stopping.push(Promise.resolve(worker[Symbol.asyncDispose]()));
      expect((await worker.get("/readyz")).status).toBe(503);
    });
    expect((await inFlight[0])?.status).toBe(200);
    await Promise.all(stopping);
    expect(await query(pool, "select event_id from events")).toEqual([{ event_id: "event-0001" }]);
    await expect(worker.get("/livez")).rejects.toThrow();
  });

  test("does not wait for connections that ask nothing", async () => {
    const worker = await startHttpWorker(database);
    const { hostname, port } = new URL(worker.url);
    const idle = connect(Number(port), hostname);
    idle.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((resolve) => idle.once("data", resolve));
    const startedMs = systemClock.monotonicMs();
    await worker[Symbol.asyncDispose]();
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(4_000);
    idle.destroy();
  });
});

test("shows all of a tree's recent /reco calls and its metrics", async () => {
  await using worker = await startHttpWorker(database);
  await worker.post("/event", aClick("event-0001"));
  // What a client kept for a day says nothing of how fast events come through.
  await worker.post("/event", aClick("event-0002", { ts: now() - 86_400_000 }));
  await worker.get(RECO);
  expect(await (await worker.get("/metrics/reco")).json()).toMatchObject({ sample_size: 1 });
  const text = await (await worker.get("/metrics")).text();
  expect(text).toContain('reco_api_requests_total{status_family="2xx"} 1');
  expect(text).toContain("reco_event_to_recommendation_latency_ms_count 1");
});
