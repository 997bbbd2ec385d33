/** Slots, shadow and worker reports on a real store. */

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { RegistryStore } from "../../src/models/ports.ts";
import { servingRun } from "../../src/models/slots.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { createRegistryStore } from "../../src/stores/postgres/registry-store.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";

let database: TestDatabase;
let pool: Pool;
let store: RegistryStore;
beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 8 });
  store = createRegistryStore(pool);
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await query(pool, "update policy_slot set current_run = null, previous_run = null, promoted_at = null");
  await query(pool, "update policy_state set active_slot = 'default', shadow_run = null, shadow_rollout = 0");
  await query(pool, "truncate policy_history, policy_worker");
});

const soon = () => Deadline.after(10_000);
const promote = (runId: string, slot: "default" | "blue" | "green" = "default") =>
  store.promote({ runId, slot, activate: null, actor: "test" }, soon());
const history = async () =>
  (await query(pool, "select action, run_id from policy_history order by id")).map((row) => [
    row["action"],
    row["run_id"],
  ]);

test("a fresh install serves the built-in policy", async () => {
  const state = await store.state(soon());
  expect([servingRun(state), state.activeSlot, state.shadow]).toEqual([null, "default", null]);
});

test("promotions and rollbacks are kept, noted and audited, and each raises the version", async () => {
  const first = await promote("r1", "blue");
  const second = await promote("r2", "blue");
  const back = await store.rollback({ slot: "blue", actor: "test" }, soon());
  const state = await store.state(soon());
  expect([servingRun(state), state.activeSlot, state.promotions.blue?.by]).toEqual(["r1", "blue", "test"]);
  expect([second.version - first.version, back !== "no_backup" && back.version - second.version]).toEqual([
    1, 1,
  ]);
  expect(await history()).toEqual([
    ["promote", "r1"],
    ["promote", "r2"],
    ["rollback", "r1"],
  ]);
  const audited = await query(pool, "select count(*)::int as n from audit_log where action like 'policy.%'");
  expect(audited[0]?.["n"]).toBeGreaterThanOrEqual(3);
});

test("a rollback without a backup changes nothing", async () => {
  await promote("r1");
  const before = await store.state(soon());
  expect(await store.rollback({ slot: "default", actor: "test" }, soon())).toBe("no_backup");
  expect(await store.state(soon())).toEqual(before);
});

test("promotions at once come one after the other: one run serves, the other is its backup", async () => {
  const committed = await Promise.all([promote("r1"), promote("r2"), promote("r3")]);
  expect(new Set(committed.map(({ version }) => version)).size).toBe(3);
  const last = committed.reduce((a, b) => (a.version > b.version ? a : b));
  expect((await store.state(soon())).slots.default).toEqual({
    currentRun: last.runId,
    previousRun: last.previousRunId,
  });
});

test("a revert restores what was, unless somebody changed it since", async () => {
  await promote("r1");
  const second = await promote("r2", "blue");
  await store.revert(second, "test", soon());
  expect(servingRun(await store.state(soon()))).toBe("r1");
  const third = await promote("r3");
  await promote("r4");
  await store.revert(third, "test", soon());
  expect(servingRun(await store.state(soon()))).toBe("r4");
});

test("a shadow is kept with its rollout, and taken away", async () => {
  await store.setShadow({ runId: "r1", rollout: 0.05 }, "test", soon());
  expect((await store.state(soon())).shadow).toEqual({ runId: "r1", rollout: 0.05 });
  await store.setShadow(null, "test", soon());
  expect((await store.state(soon())).shadow).toBeNull();
});

test("reports of workers that are gone are not counted", async () => {
  await store.report({ worker: "a", version: 1, error: null }, soon());
  await store.report({ worker: "a", version: 2, error: "broken" }, soon());
  await query(
    pool,
    "insert into policy_worker (worker, version, seen_at) values ('gone', 1, now() - interval '1 minute')",
  );
  expect(await store.workers(soon())).toEqual([{ worker: "a", version: 2, error: "broken" }]);
});
