/** The store actor: ready with a server, gone with its server, and nothing left behind. */

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type StoreReport, start } from "../../src/actors/store.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { prepareEmbedded } from "../../src/stores/postgres/embedded.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import { identify } from "../../src/stores/postgres/process-identity.ts";
import { FatalError } from "../../src/supervisor/actor.ts";
import { createTestContext } from "../support/actor-context.ts";
import { fastParent, temporaryDir } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { parentOf } from "../support/freeze.ts";

setDefaultTimeout(30_000);

let dataDir: string;
beforeEach(() => {
  dataDir = temporaryDir("store", fastParent());
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function aStore() {
  const address = await prepareEmbedded(dataDir);
  const context = createTestContext({ id: "store", args: { dataDir: address.dataDir, port: address.port } });
  const actor = await start(context);
  return { address, context, actor, report: actor.report?.("store") as StoreReport };
}

test("is ready when the server answers at the address the root was told", async () => {
  const { address, actor, report } = await aStore();
  await using pool = openPool({ url: address.url, applicationName: "test" });
  await pool.use("read", Deadline.after(3_000), (sql) => sql`select 1`);
  expect(report).toMatchObject({ url: address.url, port: address.port });
  expect(actor.report?.("other")).toBeUndefined();
  await actor.stop?.();
});

test("a stop ends the server and is no failure", async () => {
  const { context, actor, report } = await aStore();
  await actor.stop?.();
  expect(identify(report.pid)).toBeNull();
  expect(context.failures).toEqual([]);
});

test("a killed server fails the actor, and its successor serves on the same address", async () => {
  const { address, context, actor, report } = await aStore();
  process.kill(report.pid, "SIGKILL");
  await eventually(() => expect(context.failures).toHaveLength(1));
  await actor.stop?.();
  const successor = await start(createTestContext({ args: context.args, incarnation: 2 }));
  await using pool = openPool({ url: address.url, applicationName: "test" });
  await pool.use("read", Deadline.after(3_000), (sql) => sql`select 1`);
  await successor.stop?.();
});

test("a killed root leaves no server, though the store actor lives on for a moment", async () => {
  const program = join(import.meta.dir, "../fixtures/programs/store-root.ts");
  const root = spawn(process.execPath, [program, "root", dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve) =>
    createInterface({ input: root.stdout }).once("line", resolve),
  );
  const { pid } = JSON.parse(line) as StoreReport;
  const owner = parentOf(pid);
  root.kill("SIGKILL");
  await eventually(() => expect(identify(pid)).toBeNull());
  // What the host does two seconds after its parent died.
  if (owner !== undefined) process.kill(owner, "SIGKILL");
});

test("a folder that no restart can mend ends the tree with exit code 78", async () => {
  mkdirSync(join(dataDir, "postgres"));
  writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "15\n");
  const failing = start(createTestContext({ args: { dataDir, port: 1 } }));
  const error = await failing.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FatalError);
  expect((error as FatalError).exitCode).toBe(78);
});
