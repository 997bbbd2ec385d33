/** The pool against a real server: values, transactions, errors, lanes. */

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { StoreUnavailableError } from "../../src/core/errors.ts";
import { textArray } from "../../src/stores/postgres/array-literal.ts";
import type { Lane, Pool } from "../../src/stores/postgres/pool-types.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

setDefaultTimeout(30_000);

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ statementTimeoutMs: 300, lockTimeoutMs: 100 });
  await pool.use("write", soon(), (sql) => sql`create table docs (id int primary key, doc jsonb)`);
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await pool.use("write", soon(), (sql) => sql`truncate docs`);
});

const soon = () => Deadline.after(3_000);
const reasonOf = (error: StoreUnavailableError) => error.reason;
const count = () =>
  pool.use("read", soon(), async (sql) => (await sql`select count(*)::int as rows from docs`)[0]?.["rows"]);
/** A promise of work that occupies one connection until `end` is called. */
function occupy(of: Pool, lane: Lane, deadline = soon()) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { end: resolve, done: of.use(lane, deadline, () => promise) };
}

describe("values", () => {
  test("an int8 is a bigint in both directions", async () => {
    const big = 9_007_199_254_740_993n;
    const [row] = await pool.use("read", soon(), (sql) => sql`select ${big}::bigint as big`);
    expect(row?.["big"]).toBe(big);
  });

  test("a timestamptz is a Date", async () => {
    const at = new Date(1_767_225_600_123);
    const [row] = await pool.use("read", soon(), (sql) => sql`select ${at}::timestamptz as at`);
    expect(row?.["at"]).toEqual(at);
  });

  test.each([
    ["a string", "plain"],
    ["a string that looks like JSON", '{"a":1}'],
    ["an object", { nested: ["x", 1, true, null, 'quote " and \\'] }],
    ["a number", 7],
  ])("%s bound as text arrives in jsonb as it is", async (_, value) => {
    const texts = textArray([JSON.stringify(value)]);
    await pool.use(
      "write",
      soon(),
      (sql) => sql`insert into docs select 1, doc::jsonb from unnest(${texts}::text[]) as given (doc)`,
    );
    const [row] = await pool.use("read", soon(), (sql) => sql`select doc from docs`);
    expect(row?.["doc"]).toEqual(value);
  });
});

describe("transaction", () => {
  test("commits what its work wrote", async () => {
    await pool.transaction("write", soon(), (tx) => tx`insert into docs values (1), (2)`);
    expect(await count()).toBe(2);
  });

  test("leaves nothing behind when its work throws", async () => {
    const failing = pool.transaction("write", soon(), async (tx) => {
      await tx`insert into docs values (1)`;
      throw new RangeError("no");
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await count()).toBe(0);
  });

  test("leaves nothing behind when its time is up", async () => {
    const slow = pool.transaction("write", Deadline.after(80), async (tx) => {
      await tx`insert into docs values (1)`;
      await tx`select pg_sleep(0.2)`;
    });
    expect(await slow.catch(reasonOf)).toBe("timeout");
    await eventually(async () => expect(await running("pg_sleep")).toBe(0));
    expect(await count()).toBe(0);
  });
});

async function running(text: string): Promise<number> {
  const [row] = await pool.use(
    "read",
    soon(),
    (sql) => sql`
      select count(*)::int as statements from pg_stat_activity
      where state <> 'idle' and pid <> pg_backend_pid() and query like ${`%${text}%`}`,
  );
  return row?.["statements"];
}

describe("errors", () => {
  test("a NUL in text is a data error", async () => {
    const write = pool.use("write", soon(), (sql) => sql`select ${"a\0b"}::text`);
    await expect(write).rejects.toMatchObject({ name: "StoreDataError", sqlState: "22021" });
  });

  test("the statement timeout is contention", async () => {
    const slow = pool.use("read", soon(), (sql) => sql`select pg_sleep(2)`);
    expect(await slow.catch(reasonOf)).toBe("contention");
  });

  test("the lock timeout is contention", async () => {
    const holder = pool.transaction("write", soon(), async (tx) => {
      await tx`lock table docs`;
      return pool.use("write", soon(), (sql) => sql`insert into docs values (1)`).catch(reasonOf);
    });
    expect(await holder).toBe("contention");
  });

  test("a server that is not there is `connect`", async () => {
    await using nowhere = database.pool({ url: "postgres://reco@127.0.0.1:1/reco" });
    expect(await nowhere.use("read", soon(), (sql) => sql`select 1`).catch(reasonOf)).toBe("connect");
    expect(await nowhere.ping(500)).toBe(false);
  });

  test("a user that does not exist is `connect`", async () => {
    const url = new URL(database.url);
    url.username = "stranger";
    await using stranger = database.pool({ url: url.href });
    expect(await stranger.use("read", soon(), (sql) => sql`select 1`).catch(reasonOf)).toBe("connect");
  });

  test("a failed statement leaves its connection usable", async () => {
    await using narrow = database.pool({ max: 2 });
    const backend = async (sql: Parameters<Parameters<Pool["use"]>[2]>[0]) =>
      (await sql`select pg_backend_pid() as pid`)[0]?.["pid"];
    const before = await narrow.use("write", soon(), backend);
    await narrow.use("write", soon(), (sql) => sql`select 1/0`).catch(() => {});
    expect(await narrow.use("write", soon(), backend)).toBe(before);
  });
});

describe("lanes", () => {
  test("writes that take all they may leave reads their connections", async () => {
    await using shared = database.pool({ max: 4 });
    const writes = Array.from({ length: 20 }, () => occupy(shared, "write"));
    const reads = Array.from({ length: 2 }, () =>
      shared.use("read", soon(), (sql) => sql`select pg_sleep(0.01)`),
    );
    await Promise.all(reads);
    expect(shared.stats()).toEqual({ inUse: 2, waiters: 18 });
    for (const write of writes) write.end();
    await Promise.all(writes.map(({ done }) => done));
  });

  test("a caller without a free connection in time gets `pool`", async () => {
    await using narrow = database.pool({ max: 2, poolWaitMs: 50 });
    const holder = occupy(narrow, "write");
    expect(await narrow.use("write", soon(), async () => 1).catch(reasonOf)).toBe("pool");
    holder.end();
    await holder.done;
  });

  test("sessions carry the actor's name and its timeouts", async () => {
    await using named = database.pool({
      applicationName: "relay",
      statementTimeoutMs: 1_234,
      lockTimeoutMs: 567,
    });
    const [row] = await named.use(
      "read",
      soon(),
      (sql) => sql`
        select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
               current_setting('lock_timeout') as lock`,
    );
    expect({ ...row }).toEqual({ name: "relay", statement: "1234ms", lock: "567ms" });
  });
});

describe("close", () => {
  test("lets running work end and refuses new work", async () => {
    const closing = database.pool();
    const running = closing.use("read", soon(), (sql) => sql`select 1 as one, pg_sleep(0.1)`);
    await eventually(() => expect(closing.stats().inUse).toBe(1));
    const closed = closing.close(2_000);
    expect(await closing.use("read", soon(), async () => 1).catch(reasonOf)).toBe("closed");
    expect((await running)[0]?.["one"]).toBe(1);
    await closed;
  });

  test("destroys what does not end in time", async () => {
    const closing = database.pool();
    const endless = closing
      .use("read", Deadline.after(20_000), (sql) => sql`select pg_sleep(10)`)
      .catch(reasonOf);
    await eventually(() => expect(closing.stats().inUse).toBe(1));
    await closing.close(50);
    expect(await endless).toBe("connect");
  });
});
