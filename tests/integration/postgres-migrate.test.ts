/** Migrations against a real server: races, kills, drift, repair of older data. */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { systemRandom } from "../../src/core/random.ts";
import { migrate, migrationStatus } from "../../src/stores/postgres/migrate.ts";
import { checkedMigrations, embeddedMigrations } from "../../src/stores/postgres/migration-files.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { checkSchema, waitForSchema } from "../../src/stores/postgres/schema-version.ts";
import { testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";

setDefaultTimeout(30_000);

const soon = () => Deadline.after(10_000);
const EMBEDDED = embeddedMigrations().map(({ version }) => version);
const files = (...texts: string[]) =>
  checkedMigrations(texts.map((text, index) => [`000${index + 1}_step.sql`, text]));

/** Runs the migration in a process of its own. */
function migrateElsewhere(
  url: string,
  failpoints = "",
): Promise<{ signal: string | null; applied: string[] }> {
  const program = join(import.meta.dir, "../fixtures/programs/migrate.ts");
  const child = spawn(process.execPath, [program, url, failpoints], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return new Promise((resolve) =>
    child.once("close", (_, signal) => resolve({ signal, applied: output ? JSON.parse(output) : [] })),
  );
}

describe("running", () => {
  test("applies all files once, and nothing the second time", async () => {
    await using database = await testDatabase({ migrated: false });
    expect(await migrate({ url: database.url, deadline: soon() })).toEqual(EMBEDDED);
    expect(await migrate({ url: database.url, deadline: soon() })).toEqual([]);
  });

  test("exactly one of six starters migrates, the others verify", async () => {
    await using database = await testDatabase({ migrated: false });
    const starters = Array.from({ length: 6 }, () => migrate({ url: database.url, deadline: soon() }));
    const applied = await Promise.all(starters);
    expect(applied.filter((versions) => versions.length > 0)).toEqual([EMBEDDED]);
  });

  test("a kill in the middle leaves whole files only, and the next run goes on", async () => {
    await using database = await testDatabase({ migrated: false });
    const killed = await migrateElsewhere(database.url, "migrate.in_transaction=crash@3");
    expect(killed.signal).toBe("SIGKILL");
    const status = await migrationStatus({ url: database.url, deadline: soon() });
    expect(status).toMatchObject({ applied: EMBEDDED.slice(0, 2), pending: EMBEDDED.slice(2) });
    const [found] = await database
      .pool()
      .use("read", soon(), (sql) => sql`select to_regclass('feature_consumer_dlq') is null as missing`);
    expect(found?.["missing"]).toBe(true);
    expect(await migrate({ url: database.url, deadline: soon() })).toEqual(EMBEDDED.slice(2));
  });

  test("a failing file names itself and leaves nothing behind", async () => {
    await using database = await testDatabase({ migrated: false });
    const migrations = files("create table first ()", "create table second (); select * from nowhere");
    const failing = migrate({ url: database.url, deadline: soon(), migrations });
    await expect(failing).rejects.toMatchObject({ problem: "failed", file: "0002_step.sql" });
    const status = await migrationStatus({ url: database.url, deadline: soon(), migrations });
    expect(status).toMatchObject({ applied: ["0001_step.sql"], pending: ["0002_step.sql"] });
    const [found] = await database
      .pool()
      .use("read", soon(), (sql) => sql`select to_regclass('second') is null as missing`);
    expect(found?.["missing"]).toBe(true);
  });

  test("waits no longer than its deadline for another runner", async () => {
    await using database = await testDatabase({ migrated: false });
    const holder = database.pool();
    const released = Promise.withResolvers<void>();
    const holding = holder.use("read", soon(), async (sql) => {
      await sql`select pg_advisory_lock(${0x7265636f}::bigint)`;
      await released.promise;
    });
    await eventually(() => expect(holder.stats().inUse).toBe(1));
    const waiting = migrate({ url: database.url, deadline: Deadline.after(300) });
    await expect(waiting).rejects.toMatchObject({ name: "StoreUnavailableError" });
    released.resolve();
    await holding;
  });
});

describe("verifying", () => {
  test("refuses a file that was changed after it was applied", async () => {
    await using database = await testDatabase({ migrated: false });
    await migrate({ url: database.url, deadline: soon(), migrations: files("create table a ()") });
    const changed = files("create table a (); create table b ()");
    await expect(migrate({ url: database.url, deadline: soon(), migrations: changed })).rejects.toMatchObject(
      {
        problem: "drift",
        file: "0001_step.sql",
      },
    );
    const status = await migrationStatus({ url: database.url, deadline: soon(), migrations: changed });
    expect(status.drifted).toEqual(["0001_step.sql"]);
  });

  test("an untouched database has everything pending, and stays untouched", async () => {
    await using database = await testDatabase({ migrated: false });
    const status = () => migrationStatus({ url: database.url, deadline: soon() });
    expect(await status()).toEqual({ applied: [], pending: EMBEDDED, drifted: [], unknown: [] });
    expect(await status()).toMatchObject({ applied: [] });
  });

  test("a newer schema shows what this build does not know", async () => {
    await using database = await testDatabase({ migrated: false });
    await migrate({ url: database.url, deadline: soon(), migrations: files("select 1", "select 2") });
    const older = files("select 1");
    expect(await migrate({ url: database.url, deadline: soon(), migrations: older })).toEqual([]);
    const status = await migrationStatus({ url: database.url, deadline: soon(), migrations: older });
    expect(status.unknown).toEqual(["0002_step.sql"]);
  });
});

describe("the schema's generation", () => {
  test.each([
    [1, 1, "usable"],
    [1, 2, "read_only"],
  ])("min_reader %d and min_writer %d make it %s", async (reader, writer, state) => {
    await using database = await testDatabase();
    const pool = database.pool();
    await pool.use(
      "write",
      soon(),
      (sql) => sql`update schema_info set min_reader = ${reader}, min_writer = ${writer}`,
    );
    expect(await checkSchema(pool, soon())).toBe(state as "usable");
  });

  test("a schema that this build cannot read is refused", async () => {
    await using database = await testDatabase();
    const pool = database.pool();
    await pool.use("write", soon(), (sql) => sql`update schema_info set min_reader = 2, min_writer = 2`);
    await expect(checkSchema(pool, soon())).rejects.toMatchObject({ problem: "schema_too_new" });
    const migrating = migrate({ url: database.url, deadline: soon() });
    await expect(migrating).rejects.toMatchObject({ problem: "schema_too_new" });
  });

  test("a waiter goes on as soon as the schema exists", async () => {
    await using database = await testDatabase({ migrated: false });
    const pool = database.pool();
    const source = { clock: systemClock, random: systemRandom };
    const waiting = waitForSchema(pool, source, new AbortController().signal);
    expect(await checkSchema(pool, soon())).toBe("missing");
    await migrate({ url: database.url, deadline: soon() });
    expect(await waiting).toBe("usable");
  });

  test("a waiter that is stopped ends without an answer", async () => {
    await using database = await testDatabase({ migrated: false });
    const stop = new AbortController();
    const source = { clock: systemClock, random: systemRandom };
    const waiting = waitForSchema(database.pool(), source, stop.signal);
    stop.abort();
    expect(await waiting).toBeNull();
  });
});

describe("outbox partitions", () => {
  test("several first starts install them once", async () => {
    await using database = await testDatabase();
    const pool = database.pool();
    await Promise.all(Array.from({ length: 4 }, () => ensureOutboxPartitions(pool, 8, soon())));
    const rows = await pool.use(
      "read",
      soon(),
      (sql) => sql`select partition from outbox_partition order by 1`,
    );
    expect(rows.map((row) => row["partition"])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("another number than the installed one is refused", async () => {
    await using database = await testDatabase();
    const pool = database.pool();
    await ensureOutboxPartitions(pool, 8, soon());
    await expect(ensureOutboxPartitions(pool, 16, soon())).rejects.toMatchObject({
      problem: "outbox_partitions",
    });
  });
});
