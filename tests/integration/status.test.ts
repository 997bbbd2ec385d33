/** What the status tells of a real store, and of parts that do not answer. */

import { expect, test } from "bun:test";
import type { RuntimeInfo } from "../../src/cli/runtime-file.ts";
import { gatherStatus } from "../../src/cli/status/gather.ts";
import { testDatabase } from "../support/databases.ts";
import { configOf } from "../unit/cli/doctor/configs.ts";

/** A tree whose listeners are gone. */
const tree: RuntimeInfo = {
  version: "0.1.0",
  pid: process.pid,
  roles: ["http", "consumer"],
  http: { host: "127.0.0.1", port: 1 },
  metrics: { host: "127.0.0.1", port: 1 },
  storePort: null,
  actors: [
    {
      id: "http-0",
      state: "running",
      isolation: "thread",
      incarnation: 2,
      restarts: 1,
      pid: process.pid,
      uptimeMs: 1_500,
      lastExit: "killed",
      deadLetters: {},
    },
  ],
  writtenAtMs: 1_000_000,
};

test("tells of the store even when the tree itself does not answer", async () => {
  await using database = await testDatabase();
  const report = await gatherStatus(configOf({ DATABASE_URL: database.url }), tree, 1_010_000);
  expect(report.store).toMatchObject({ kind: "external", version: expect.stringMatching(/^1[5-8]/) });
  expect(report.outbox).toEqual({ pending: 0, publishing: 0, published: 0, dead: 0, oldest_lag_ms: 0 });
  expect(report.policy).toEqual({ error: expect.stringContaining("127.0.0.1:1/ready") });
  expect(report.lag).toEqual({ error: expect.stringContaining("127.0.0.1:1/metrics") });
});

test("counts on from when the tree last wrote its state down", async () => {
  const uptimeAt = async (nowMs: number) =>
    (await gatherStatus(configOf(), tree, nowMs)).actors.map((actor) => actor.uptime_sec);
  expect(await uptimeAt(1_010_000)).toEqual([12]);
  // A clock that was set back does not make an actor younger than it was.
  expect(await uptimeAt(0)).toEqual([2]);
});

test("names a store that is down or unknown here, without its password", async () => {
  const env = { DATABASE_URL: "postgres://reco:geheim@127.0.0.1:1/reco" };
  const down = await gatherStatus(configOf(env), tree, 0);
  expect(down.store).toEqual({ error: expect.stringContaining("postgres://reco:***@127.0.0.1:1/reco") });
  expect(down.outbox).toEqual({ error: expect.stringContaining("127.0.0.1:1") });
  expect(JSON.stringify(down)).not.toContain("geheim");
  const unknown = await gatherStatus(configOf(), tree, 0);
  expect(unknown.store).toEqual({ error: expect.stringContaining("DATABASE_URL") });
});

test("asks a tree without API and consumers for neither policy nor lag", async () => {
  const report = await gatherStatus(configOf(), { ...tree, roles: ["relay"], http: null }, 0);
  expect([report.policy, report.lag]).toEqual([null, null]);
});
