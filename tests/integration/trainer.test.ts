/** The trainer on PostgreSQL: from stored events to a run in service, or to one that stays out. */

import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { start } from "../../src/actors/trainer.ts";
import type { TrainerArgs } from "../../src/actors/tree.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { hasEnoughToLearn, lookForTraining } from "../../src/stores/postgres/training-need.ts";
import { createTestContext } from "../support/actor-context.ts";
import { testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import type { ConfigOverrides } from "../support/fakes/http-services.ts";
import { actorArgs, aDataDir } from "../support/http-worker.ts";
import { eventsByChance, eventsByTaste, type MadeUpEvent } from "../support/tastes.ts";

const ENTRY = fileURLToPath(new URL("../../src/actors/entry.ts", import.meta.url));
const TIMEOUT_MS = 120_000;
const USERS = 240;
const soon = () => Deadline.after(20_000);
/** Pauses take a twentieth of their time. */
const hurried = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 20, signal),
};

async function setUp(events: readonly MadeUpEvent[], overrides: ConfigOverrides = {}) {
  await using opened = new AsyncDisposableStack();
  const dataDir = opened.use(aDataDir());
  const database = opened.use(await testDatabase());
  const pool = database.pool();
  await store(pool, events);
  const args = actorArgs(database.url, dataDir.path, {
    ...overrides,
    trainer: { minEvents: 3_000, easeMaxRows: 500, ...overrides.trainer },
    reco: { policy: "stream-v1" },
    metrics: { enabled: false },
  });
  const reportsDir = join(dataDir.path, "reports");
  const modelsDir = join(dataDir.path, "models");
  const surveyed: string[] = [];
  const context = createTestContext<TrainerArgs>({
    id: "trainer",
    clock: hurried,
    survey: async (question) => {
      surveyed.push(question);
      return [];
    },
    args: {
      ...args,
      config: { ...args.config, reportsDir, modelsDir, roles: ["http", "trainer"] },
      threadEntry: ENTRY,
    },
  });
  const actor = await start(context);
  opened.defer(() => actor.stop?.());
  const owned = opened.move();
  const rows = <Row extends object>(text: string) =>
    pool.use("read", soon(), async (sql) => (await sql.unsafe(text)) as unknown as Row[]);
  const newestRun = () =>
    eventually(
      async () => {
        expect(context.failures).toEqual([]);
        const [run] = await rows<{
          run_id: string;
          manifest: { params: object; metrics: { evaluation?: { ci_low: number } } };
        }>("select run_id, manifest from model_run");
        if (!run) throw new Error("no run yet");
        return run;
      },
      { timeoutMs: 60_000 },
    );
  return {
    pool,
    reportsDir,
    modelsDir,
    /** What the actors of the tree were asked. */
    surveyed,
    context,
    rows,
    newestRun,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function store(pool: Pool, events: readonly MadeUpEvent[]): Promise<void> {
  const rows = events.map(({ userId, itemId, tsMs }, n) => ({ n, userId, itemId, tsMs }));
  await pool.use(
    "write",
    soon(),
    (sql) => sql`
    insert into events (event_id, user_id, item_id, event_type, ts)
    select 'made-up-' || n, "userId", "itemId", 'click', to_timestamp("tsMs" / 1000)
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as made(n int, "userId" text, "itemId" text, "tsMs" float8)`,
  );
}

test(
  "what is learned from tastes beats what serves: it is promoted, noted, and shown in files",
  async () => {
    await using trainer = await setUp(eventsByTaste(USERS, Date.now()));
    const { run_id: runId, manifest } = await trainer.newestRun();
    expect(manifest.metrics.evaluation?.ci_low).toBeGreaterThan(0);
    await eventually(async () => {
      const slots = await trainer.rows<object>(
        "select slot, current_run, promoted_by from policy_slot where current_run is not null",
      );
      expect(slots).toEqual([{ slot: "default", current_run: runId, promoted_by: "trainer" }]);
      expect(existsSync(join(trainer.reportsDir, "metrics", "latest.json"))).toBe(true);
    });
    expect(await trainer.rows("select action, run_id, actor from policy_history")).toEqual([
      { action: "promote", run_id: runId, actor: "trainer" },
    ]);
    expect(await trainer.rows("select actor, action from audit_log")).toEqual([
      { actor: "trainer", action: "policy.promote" },
    ]);
    const file = (...names: string[]) =>
      JSON.parse(readFileSync(join(trainer.reportsDir, "metrics", ...names), "utf8")) as object;
    await eventually(() => expect(file("latest.json")).toMatchObject({ run_id: runId, promoted: true }));
    expect(file("decision_policy.json")).toMatchObject({ run_id: runId, status: "ok" });
    const registry = JSON.parse(readFileSync(join(trainer.modelsDir, "model_registry.json"), "utf8"));
    expect(registry).toMatchObject({ current: { run_id: runId, params: manifest.params }, history: [] });
    expect(file("latest_metrics.json")).toMatchObject({
      run_id: runId,
      evaluation: manifest.metrics.evaluation,
    });
    expect(file(runId, "evaluation.json")).toMatchObject({ run_id: runId, protocol: "rolling" });
    expect(existsSync(join(trainer.reportsDir, "metrics", "active_slot.json"))).toBe(false);
  },
  TIMEOUT_MS,
);

test(
  "what is learned from chance is written down, and does not serve",
  async () => {
    await using trainer = await setUp(eventsByChance(USERS, Date.now()));
    const { manifest } = await trainer.newestRun();
    expect(manifest.metrics.evaluation?.ci_low).toBeLessThanOrEqual(0);
    await eventually(() => expect(trainer.surveyed).toContain("reco-requests"));
    expect(await trainer.rows("select from policy_slot where current_run is not null")).toEqual([]);
    expect(await trainer.rows("select from policy_history")).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "a training that takes more memory than it may ends its process, and nothing else",
  async () => {
    await using trainer = await setUp(eventsByTaste(USERS, Date.now()), {
      trainer: { memoryMaxBytes: 1_048_576 },
    });
    await eventually(
      () => expect(String(trainer.context.failures[0])).toMatch(/the training takes \d+ MB, of 1/),
      { timeoutMs: 30_000 },
    );
  },
  TIMEOUT_MS,
);

test("too little is not learned from", async () => {
  await using trainer = await setUp(eventsByTaste(20, Date.now()));
  const { pool } = trainer;
  const enough = (events: number, users: number) => hasEnoughToLearn(pool, { events, users }, soon());
  expect(await Promise.all([enough(280, 20), enough(281, 20), enough(280, 21), enough(1, 1)])).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(await lookForTraining(pool, soon())).toEqual({ newestRun: null, lastEventId: 280 });
  expect(await trainer.rows("select from model_run")).toEqual([]);
});
