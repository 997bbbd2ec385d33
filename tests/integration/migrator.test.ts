/** The migrator actor: before a fresh store, a store that comes late, and a store it must not touch. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { start } from "../../src/actors/migrator.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { chooseFreePort } from "../../src/stores/postgres/embedded.ts";
import { migrationStatus } from "../../src/stores/postgres/migrate.ts";
import { FatalError } from "../../src/supervisor/actor.ts";
import { createTestContext } from "../support/actor-context.ts";
import { query } from "../support/backbone.ts";
import { testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import type { ConfigOverrides } from "../support/fakes/http-services.ts";
import { FaultProxy, throughPort } from "../support/fault-proxy.ts";
import { actorArgs } from "../support/http-worker.ts";
import { manualClock } from "../support/manual-clock.ts";

setDefaultTimeout(30_000);

const aMigrator = (url: string, overrides: ConfigOverrides = {}) =>
  createTestContext({ id: "migrator", args: actorArgs(url, "/nonexistent", overrides) });

test("is done when the schema is current and the outbox has its partitions", async () => {
  await using database = await testDatabase({ migrated: false });
  const context = aMigrator(database.url);
  const actor = await start(context);
  expect(context.isDone()).toBe(true);
  const status = await migrationStatus({ url: database.url, deadline: Deadline.after(5_000) });
  expect(status).toMatchObject({ pending: [], drifted: [] });
  const [row] = await query(database.pool(), "select count(*)::int as partitions from outbox_partition");
  expect(row).toEqual({ partitions: context.args.config.outbox.partitions });
  await actor.stop?.();
});

test("a second start finds nothing to do", async () => {
  await using database = await testDatabase();
  for (const incarnation of [1, 2]) {
    const context = aMigrator(database.url);
    const actor = await start(context);
    expect([incarnation, context.isDone()]).toEqual([incarnation, true]);
    await actor.stop?.();
  }
});

test("an applied file that was changed ends the tree with 78 and is named", async () => {
  await using database = await testDatabase();
  await query(
    database.pool(),
    "update schema_migrations set checksum = 'other' where version = '0002_event_backbone.sql'",
  );
  const error = await start(aMigrator(database.url)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FatalError);
  expect(error).toMatchObject({ exitCode: 78, message: expect.stringContaining("0002_event_backbone.sql") });
});

test("another number of outbox partitions than installed ends the tree with 78", async () => {
  await using database = await testDatabase();
  const installed = await start(aMigrator(database.url, { outbox: { partitions: 8 } }));
  await installed.stop?.();
  const failing = start(aMigrator(database.url, { outbox: { partitions: 16 } }));
  await expect(failing).rejects.toMatchObject({ name: "FatalError", exitCode: 78 });
});

test("another half-life recomputes decayed popularity", async () => {
  await using database = await testDatabase();
  const context = aMigrator(database.url, { reco: { popularityHalfLifeHours: 24 } });
  const actor = await start(context);
  const basis = await query(database.pool(), "select half_life_hours as hours from item_decay_basis");
  expect([...basis]).toEqual([{ hours: 24 }]);
  await actor.stop?.();
});

test("with an unreachable store it is ready at once, and done when the store can be reached", async () => {
  await using database = await testDatabase({ migrated: false });
  const port = await chooseFreePort();
  const context = aMigrator(throughPort(database.url, port));
  const startedMs = systemClock.monotonicMs();
  const actor = await start(context);
  expect(systemClock.monotonicMs() - startedMs).toBeLessThan(2_000);
  expect(context.isDone()).toBe(false);
  await using _proxy = await FaultProxy.to(database.url, { port });
  await eventually(() => expect(context.isDone()).toBe(true), { timeoutMs: 15_000 });
  expect(context.failures).toEqual([]);
  await actor.stop?.();
});

test("a store that turns out to be drifted after a late start ends the tree too", async () => {
  await using database = await testDatabase();
  await query(database.pool(), "update schema_migrations set checksum = 'other'");
  const port = await chooseFreePort();
  const context = aMigrator(throughPort(database.url, port));
  const actor = await start(context);
  await using _proxy = await FaultProxy.to(database.url, { port });
  await eventually(() => expect(context.failures).toHaveLength(1), { timeoutMs: 15_000 });
  expect(context.failures[0]).toMatchObject({ name: "FatalError", exitCode: 78 });
  await actor.stop?.();
});

test("a stop ends the waiting", async () => {
  const clock = manualClock();
  const args = actorArgs(`postgres://127.0.0.1:${await chooseFreePort()}/reco`, "/nonexistent");
  const context = createTestContext({ id: "migrator", args, clock });
  const actor = await start(context);
  context.requestStop();
  await actor.stop?.();
  await eventually(() => expect(clock.pendingTimers()).toBe(0));
  expect([context.isDone(), context.failures]).toEqual([false, []]);
});

test("of two migrators one migrates while the other waits for it", async () => {
  await using database = await testDatabase({ migrated: false });
  const contexts = [aMigrator(database.url), aMigrator(database.url)];
  const actors = await Promise.all(contexts.map((context) => start(context)));
  expect(contexts.map((context) => context.isDone())).toEqual([true, true]);
  for (const actor of actors) await actor.stop?.();
});

test("warns in the documented words while the store cannot be reached", async () => {
  const program = join(import.meta.dir, "../fixtures/programs/migrator.ts");
  const url = `postgres://127.0.0.1:${await chooseFreePort()}/reco`;
  const child = spawn(process.execPath, [program, url], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  try {
    await eventually(() => expect(lines.join("\n")).toContain("Postgres is unavailable at startup"), {
      timeoutMs: 10_000,
    });
  } finally {
    child.kill("SIGKILL");
    await once(child, "close");
  }
});
