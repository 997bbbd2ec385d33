/** An http worker whose store is down, hangs, refuses writes, loses connections or is full of others' work. */

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import postgres from "postgres";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import { startTestServer, type TestServer } from "../support/embedded.ts";
import { aDirectBody, type Body } from "../support/events.ts";
import { eventually } from "../support/eventually.ts";
import type { ConfigOverrides } from "../support/fakes/http-services.ts";
import { FaultProxy, throughPort } from "../support/fault-proxy.ts";
import { freeze, thaw } from "../support/freeze.ts";
import { type HttpWorker, startHttpWorker } from "../support/http-worker.ts";

setDefaultTimeout(60_000);

let server: TestServer;
let admin: postgres.Sql;
beforeAll(async () => {
  server = await startTestServer();
  await migrate({ url: server.url, deadline: Deadline.after(30_000) });
  admin = postgres(server.url, { max: 2, onnotice: () => {} });
});
afterAll(async () => {
  await admin.end({ timeout: 1 });
  await server[Symbol.asyncDispose]();
});

let events = 0;
const nextId = () => `fault-${String(++events).padStart(6, "0")}`;
const anEvent = (over: Body = {}): Body =>
  aDirectBody({ event_id: nextId(), ts: systemClock.nowMs(), ...over });

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number;
  readonly tookMs: number;
}

async function post(worker: HttpWorker, body: Body, path = "/event"): Promise<Answer> {
  const startMs = systemClock.monotonicMs();
  const response = await worker.post(path, body);
  const answer = (await response.json()) as { error_code?: string; status?: string };
  return {
    status: response.status,
    code: answer.error_code ?? answer.status ?? "",
    retryAfter: Number(response.headers.get("Retry-After") ?? 0),
    tookMs: systemClock.monotonicMs() - startMs,
  };
}

const stored = async (id: unknown) =>
  (await admin`select 1 from events where event_id = ${String(id)}`).length;
const backends = async () =>
  (await admin`select pid from pg_stat_activity where application_name = 'reco-http-0'`).length;

/** Answered with 200 though the store gives nothing, and counted as degraded. */
async function expectDegraded(worker: HttpWorker): Promise<void> {
  const user = nextId();
  const answer = await worker.get(`/reco?user_id=${user}&session_id=s-1&k=5`);
  expect(answer.status).toBe(200);
  await answer.body?.cancel();
  const text = await (await worker.get("/metrics")).text();
  expect(text).toMatch(/recommendation_degraded_total\{endpoint="reco",reason="[a-z:]+"\} [1-9]/);
}

describe("a store that is away", () => {
  let proxy: FaultProxy;
  beforeEach(async () => {
    proxy = await FaultProxy.to(server.url);
  });
  const start = (over: ConfigOverrides = {}) =>
    startHttpWorker({ url: throughPort(server.url, proxy.port) }, over);

  /** While the fault lasts: ingest is refused in time and nothing is acknowledged; then all recovers by itself. */
  async function survives(
    fault: () => void | Promise<void>,
    mend: () => void | Promise<void>,
  ): Promise<void> {
    await using worker = await start();
    expect(await post(worker, anEvent())).toMatchObject({ status: 200 });
    await fault();
    const refused = anEvent();
    try {
      const answers = await Promise.all([
        post(worker, refused),
        ...[1, 2, 3, 4].map(() => post(worker, anEvent())),
      ]);
      for (const { status, code, retryAfter, tookMs } of answers) {
        expect([status, ["persist_failed", "overloaded"].includes(code)]).toEqual([503, true]);
        expect(retryAfter).toBeGreaterThan(0);
        // The deadline of an ingest call, and what a loaded machine needs to say so.
        expect(tookMs).toBeLessThan(8_000);
      }
      await expectDegraded(worker);
      expect((await worker.get("/livez")).status).toBe(200);
    } finally {
      await mend();
    }
    await eventually(async () => expect(await post(worker, refused)).toMatchObject({ status: 200 }), {
      timeoutMs: 15_000,
    });
    expect(await stored(refused["event_id"])).toBe(1);
    await eventually(async () => expect((await worker.get("/readyz")).status).toBe(200), {
      timeoutMs: 15_000,
    });
    // Nothing holds on to a connection that will never answer.
    await eventually(async () => {
      const text = await (await worker.get("/metrics")).text();
      expect(text).toMatch(/reco_db_pool_in_use\{pool="http-0"\} 0/);
      expect(text).toMatch(/reco_db_pool_waiters\{pool="http-0"\} 0/);
    });
  }

  test("F7: a store that is down: ingest is 503 with Retry-After, /reco is answered and marked degraded", async () => {
    await survives(
      () => proxy.down(),
      () => proxy.up(),
    );
    await proxy[Symbol.asyncDispose]();
  });

  test("F8: a store that is frozen: 503 within the deadline, and no connection stays in use", async () => {
    await survives(
      () => freeze(server),
      () => thaw(server),
    );
    await proxy[Symbol.asyncDispose]();
  });

  test("F9: a store in a black hole: 503 within the deadline, and no connection stays in use", async () => {
    await survives(
      () => proxy.set({ timeout: true }),
      () => {
        proxy.heal();
        proxy.resetPeers();
      },
    );
    await proxy[Symbol.asyncDispose]();
  });

  test("a slow way to the store costs time and nothing else", async () => {
    await using worker = await start();
    proxy.set({ latencyMs: 6, jitterMs: 5, slicer: 100 });
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const event = anEvent();
        expect(await post(worker, event)).toMatchObject({ status: 200, code: "ok" });
        return event["event_id"];
      }),
    );
    for (const id of ids) expect(await stored(id)).toBe(1);
    await proxy[Symbol.asyncDispose]();
  });
});

test("F10: a store that turns read-only opens the breaker of writes, serves reads, and recovers by itself", async () => {
  await using worker = await startHttpWorker(server);
  expect(await post(worker, anEvent())).toMatchObject({ status: 200 });
  const opened = () =>
    worker.counted("reco_breaker_transitions_total", { breaker_name: "store_write", to: "open" });
  const before = await admin`select pid from pg_stat_activity where application_name = 'reco-http-0'`;
  await admin`alter database reco set default_transaction_read_only = on`;
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reco-http-0'`;
  try {
    await eventually(
      async () => {
        expect((await post(worker, anEvent())).status).toBe(503);
        expect(opened()).toBeGreaterThan(0);
      },
      { timeoutMs: 20_000, intervalMs: 5 },
    );
    const reco = await worker.get("/reco?user_id=u-reads&session_id=s-1&k=5");
    expect(reco.status).toBe(200);
    expect((await worker.get("/readyz")).status).toBe(200);
    expect((await worker.get("/analytics/baseline")).status).toBe(200);
  } finally {
    await admin`set default_transaction_read_only = off`;
    await admin`alter database reco set default_transaction_read_only = off`;
  }
  await eventually(async () => expect(await post(worker, anEvent())).toMatchObject({ status: 200 }), {
    timeoutMs: 20_000,
  });
  const after = await admin`select pid from pg_stat_activity where application_name = 'reco-http-0'`;
  const pids = new Set(before.map(({ pid }) => pid));
  expect(after.filter(({ pid }) => pids.has(pid))).toEqual([]);
});

test("F11: while connections are terminated in a loop, ingest is 503 at worst and a retry finds its event", async () => {
  await using worker = await startHttpWorker(server);
  let over = false;
  const terminating = (async () => {
    while (!over) {
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reco-http-0'`;
      await systemClock.sleep(200);
    }
  })();
  const statuses = new Set<number>();
  const ids: unknown[] = [];
  const sender = async () => {
    for (let nth = 0; nth < 25; nth++) {
      const event = anEvent({ user_id: nextId() });
      await eventually(
        async () => {
          const { status } = await post(worker, event);
          statuses.add(status);
          expect(status).toBe(200);
        },
        { timeoutMs: 20_000, intervalMs: 50 },
      );
      ids.push(event["event_id"]);
      const reco = await worker.get(`/reco?user_id=${nextId()}&session_id=s-1&k=5`);
      expect(reco.status).toBe(200);
    }
  };
  await Promise.all([sender(), sender(), sender(), sender()]).finally(() => {
    over = true;
  });
  await terminating;
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  const [rows] =
    await admin`select count(*)::int as rows from events where event_id = any(${ids as string[]})`;
  expect(rows).toEqual({ rows: 100 });
  const again = await post(worker, anEvent({ event_id: ids[0] as string }));
  expect(again).toMatchObject({ status: 200, code: "duplicate" });
});

test("F12: a lock that stays, and a deadlock, are 503 after bounded retries, never 500", async () => {
  await using worker = await startHttpWorker(server, { database: { lockTimeoutMs: 150 } });
  const watch = (id: string) => ({
    event_id: id,
    user_id: "u-locked",
    session_id: "s-1",
    request_id: "r-1",
    item_id: "i-1",
    ts_ms: systemClock.nowMs(),
    watch_time_sec: 5,
  });
  const id = nextId();
  await admin.begin(async (tx) => {
    await tx`lock table watches in access exclusive mode`;
    const answer = await post(worker, watch(id), "/log/watch");
    expect(answer).toMatchObject({ status: 503, code: "persist_failed" });
    // Three tries of 150 ms with pauses of at most 150 ms between them.
    expect(answer.tookMs).toBeWithin(400, 3_000);
  });
  expect(await post(worker, watch(id), "/log/watch")).toMatchObject({ status: 200, code: "ok" });

  await admin`create function deadlock() returns trigger language plpgsql as $$
    begin raise exception 'deadlock detected' using errcode = '40P01'; end $$`;
  await admin`create trigger deadlock before insert on watches for each row execute function deadlock()`;
  try {
    expect(await post(worker, watch(nextId()), "/log/watch")).toMatchObject({
      status: 503,
      code: "persist_failed",
    });
  } finally {
    await admin`drop trigger deadlock on watches`;
    await admin`drop function deadlock`;
  }
});

test.each(["events", "user_history", "co_visitation", "seq_rule", "item_decay", "item_popularity"])(
  "F12: a lock that stays on %p is 503, whichever of the statements sent together it breaks",
  async (table) => {
    await using worker = await startHttpWorker(server, { database: { lockTimeoutMs: 150 } });
    const mine = { user_id: `u-${table}` };
    // Only a statement that the connection knows is sent along with others.
    for (const itemId of ["i-1", "i-2", "i-1", "i-2"]) {
      expect(await post(worker, anEvent({ ...mine, item_id: itemId }))).toMatchObject({ status: 200 });
    }
    const late = anEvent({ ...mine, item_id: "i-1" });
    await admin.begin(async (tx) => {
      await tx`lock table ${tx(table)} in share mode`;
      const answering = post(worker, late);
      await eventually(async () => {
        const [waiting] = await admin`select 1 from pg_locks where not granted`;
        expect(waiting).toBeDefined();
      });
      // A worker that is busy meanwhile hears of the lock and of all that it breaks at once.
      Bun.sleepSync(300);
      const answer = await answering;
      expect(answer).toMatchObject({ status: 503, code: "persist_failed" });
      // As often tried again as any other lock: three times 150 ms.
      expect(answer.tookMs).toBeGreaterThan(400);
    });
    expect(await post(worker, late)).toMatchObject({ status: 200 });
    expect(await stored(late["event_id"])).toBe(1);
  },
);

test("F14: an exhausted pool is waited for no longer than its timeout, then 503 overloaded; health stays green", async () => {
  const poolWaitMs = 400;
  await using worker = await startHttpWorker(server, {
    database: { poolMin: 0, poolMax: 4, poolWaitMs, lockTimeoutMs: 20_000, statementTimeoutMs: 20_000 },
  });
  await eventually(async () => expect((await worker.get("/readyz")).status).toBe(200));
  const held: Promise<Response>[] = [];
  await admin.begin(async (tx) => {
    await tx`lock table impressions in access exclusive mode`;
    const waiting = async () =>
      (
        await admin`select 1 from pg_stat_activity where application_name = 'reco-http-0' and wait_event_type = 'Lock'`
      ).length;
    // Every connection that reads may use, until no more join.
    for (let reads = 1; reads <= 4; reads++) held.push(worker.get("/analytics/baseline"));
    await eventually(async () => expect(await waiting()).toBeGreaterThanOrEqual(2));
    const startMs = systemClock.monotonicMs();
    const refused = await worker.get("/analytics/baseline");
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error_code: "overloaded" });
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(systemClock.monotonicMs() - startMs).toBeWithin(poolWaitMs - 50, poolWaitMs + 2_000);
    for (const path of ["/livez", "/healthz", "/readyz"]) expect((await worker.get(path)).status).toBe(200);
  });
  await Promise.all(held.map(async (answer) => (await answer).body?.cancel()));
  await eventually(async () => expect((await worker.get("/analytics/baseline")).status).toBe(200));
  expect(await backends()).toBeLessThanOrEqual(6);
});
