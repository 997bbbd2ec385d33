/** The pool while its server freezes, drops connections, dies, or turns read-only. */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import postgres from "postgres";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { StoreUnavailableError } from "../../src/core/errors.ts";
import { openPool, type PoolOptions } from "../../src/stores/postgres/pool.ts";
import { startTestServer, type TestServer } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { freeze, thaw } from "../support/freeze.ts";

setDefaultTimeout(30_000);

let server: TestServer;
let admin: postgres.Sql;
beforeAll(async () => {
  server = await startTestServer();
  admin = postgres(server.url, { max: 1, onnotice: () => {} });
  await admin`create table notes (note text)`;
});
afterAll(async () => {
  await admin.end({ timeout: 1 });
  await server[Symbol.asyncDispose]();
});

const soon = () => Deadline.after(3_000);
const aPool = (options: Partial<PoolOptions> = {}) =>
  openPool({ url: server.url, applicationName: "faults", connectTimeoutMs: 500, ...options });
const reasonOf = (error: StoreUnavailableError) => error.reason;
const backends = async () =>
  (await admin`select pid from pg_stat_activity where application_name = 'faults'`).map((row) => row["pid"]);

test("F8: a frozen server releases its callers at their deadline, and serves on when it thaws", async () => {
  await using pool = aPool({ max: 4 });
  const select = (budgetMs: number) =>
    pool.use("read", Deadline.after(budgetMs), (sql) => sql`select 1 as one`);
  const slow = () => pool.use("read", soon(), (sql) => sql`select pg_sleep(0.1)`);
  await Promise.all([slow(), slow()]);
  await eventually(() => expect(backends()).resolves.toHaveLength(2));
  const before = await backends();
  freeze(server);
  try {
    const startMs = systemClock.monotonicMs();
    const reasons = await Promise.all([1, 2, 3].map(() => select(200).catch(reasonOf)));
    expect(reasons).toEqual(["timeout", "timeout", "pool"]);
    // Far below the server's own statement timeout of 5 s.
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(2_000);
    expect(await pool.ping(100)).toBe(false);
  } finally {
    thaw(server);
  }
  await eventually(async () => expect((await select(1_000))[0]?.["one"]).toBe(1));
  expect(await pool.ping(1_000)).toBe(true);
  await eventually(async () => {
    const now = await backends();
    expect(before.filter((pid) => now.includes(pid))).toEqual([]);
  });
});

test("a caller that only waits for a connection of a frozen server is released too", async () => {
  await using pool = aPool();
  freeze(server);
  try {
    expect(await pool.use("write", Deadline.after(150), async () => 1).catch(reasonOf)).toBe("pool");
    expect(await pool.use("write", Deadline.after(2_000), async () => 1).catch(reasonOf)).toBe("connect");
  } finally {
    thaw(server);
  }
});

test("terminated idle connections are replaced without an error", async () => {
  await using pool = aPool();
  await pool.use("read", soon(), (sql) => sql`select 1`);
  const before = await backends();
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'faults'`;
  await eventually(async () => expect(await backends()).toEqual([]));
  await eventually(() => pool.use("read", soon(), (sql) => sql`select 1`));
  expect(await backends()).not.toContain(before[0]);
});

test("a connection terminated in the middle fails its caller and never runs the rest elsewhere", async () => {
  await using pool = aPool();
  const work = pool.use("write", soon(), async (sql) => {
    const [session] = await sql`select pg_backend_pid() as pid`;
    await admin`select pg_terminate_backend(${session?.["pid"]})`;
    await sql`select 1`.catch(() => {});
    await sql`insert into notes values ('on another session')`;
  });
  expect(await work.catch(reasonOf)).toBe("connect");
  expect(await admin`select from notes where note = 'on another session'`).toHaveLength(0);
  await pool.use("write", soon(), (sql) => sql`select 1`);
});

test("a connection terminated inside a transaction fails its caller and nothing else", async () => {
  await using pool = aPool();
  // Several times, because the process used to die only when the rollback met a closed socket.
  for (let round = 0; round < 20; round++) {
    const work = pool.transaction("write", soon(), async (tx) => {
      await tx`insert into notes values ('lost')`;
      const [session] = await tx`select pg_backend_pid() as pid`;
      await admin`select pg_terminate_backend(${session?.["pid"]})`;
      await tx`select 1`;
    });
    expect(await work.catch(reasonOf)).toBe("connect");
  }
  expect(await admin`select from notes where note = 'lost'`).toHaveLength(0);
});

test("a connection lost under a running statement of a transaction releases the caller before its deadline", async () => {
  await using pool = aPool({ statementTimeoutMs: 20_000 });
  const work = pool.transaction("write", Deadline.after(10_000), (tx) => tx`select pg_sleep(${15}::float8)`);
  await eventually(async () => {
    const ended = await admin`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'faults' and state = 'active' and query like '%pg_sleep%'`;
    expect(ended).toHaveLength(1);
  });
  expect(await work.catch(reasonOf)).toBe("connect");
});

test("destroying a slow statement's socket frees its locks on the server", async () => {
  await using pool = aPool({ statementTimeoutMs: 20_000, lockTimeoutMs: 10_000 });
  const holding = pool.transaction("write", Deadline.after(150), async (tx) => {
    await tx`lock table notes`;
    await tx`select pg_sleep(20)`;
  });
  expect(await holding.catch(reasonOf)).toBe("timeout");
  await pool.use("write", soon(), (sql) => sql`insert into notes values ('after')`);
});

test("a read-only server fails writes, serves reads, and recovers without a restart", async () => {
  await using pool = aPool();
  const write = () => pool.use("write", soon(), (sql) => sql`insert into notes values ('x')`);
  const read = () => pool.use("read", soon(), (sql) => sql`select 1 as one`);
  await admin`alter database reco set default_transaction_read_only = on`;
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'faults'`;
  expect(await write().catch(reasonOf)).toBe("read_only");
  expect((await read())[0]?.["one"]).toBe(1);
  await admin`set default_transaction_read_only = off`;
  await admin`alter database reco set default_transaction_read_only = off`;
  await eventually(write);
});
