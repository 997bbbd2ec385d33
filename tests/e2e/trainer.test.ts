/** The trainer in a whole tree: its first run takes over by itself, and its end is nobody else's. */

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { FORMS, type Form } from "../support/program.ts";
import { runReco } from "../support/run-reco.ts";
import { eventsByTaste } from "../support/tastes.ts";
import { Tree } from "../support/tree.ts";

const TIMEOUT_MS = 240_000;
const ENV = {
  ENABLE_SCHEDULER: "true",
  TRAINER_MIN_EVENTS: "3000",
  HTTP_WORKERS: "2",
  RECO_DEADLINE_MS: "10000",
  RECO_DEFAULT_POLICY: "builtin:stream-v1",
};

/** A tree whose trainer finds something to learn. */
async function startLearning(form: Form) {
  const dir = mkdtempSync(join(tmpdir(), "reco-trainer-"));
  const tree = await Tree.start({
    form,
    env: { ...ENV, REPORTS_DIR: join(dir, "reports"), MODELS_DIR: join(dir, "models") },
  });
  const lines = eventsByTaste(240, Date.now() - 60_000).map(
    ({ userId, itemId, tsMs }, n) => `made-up-${n},${userId},${itemId},click,${Math.floor(tsMs / 1000)}`,
  );
  writeFileSync(join(dir, "events.csv"), ["event_id,user_id,item_id,event_type,ts", ...lines].join("\n"));
  const { code, err } = await runReco(
    ["import", "--kind", "events", "--format", "csv", "--file", join(dir, "events.csv")],
    { form, cwd: dir, env: { RECO_BASE_URL: tree.url, RECO_DATA_DIR: tree.dataDir } },
  );
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  const said = (event: string) =>
    eventually(
      () => {
        const line = tree
          .output()
          .split("\n")
          .find((each) => each.includes(`"message":"${event}"`));
        if (!line) throw new Error(`no ${event} yet`);
        return JSON.parse(line) as Record<string, unknown>;
      },
      { timeoutMs: 120_000 },
    );
  const policyFor = async (userId: string) => {
    const answer = await fetch(`${tree.url}/reco?user_id=${userId}&session_id=s&k=10`);
    await answer.body?.cancel();
    return [answer.status, answer.headers.get("x-reco-policy")];
  };
  return {
    tree,
    said,
    policyFor,
    async [Symbol.asyncDispose]() {
      await tree[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

test.each(FORMS)(
  "with the %s: the first run is trained, promoted with its figures, and answers in every worker",
  async (form) => {
    await using learning = await startLearning(form);
    const { tree, said, policyFor } = learning;
    const { run_id: runId, against, interval, workers } = await said("trainer.promoted");
    expect([against, workers]).toEqual(["stream-v1", 2]);
    expect((interval as number[])[0]).toBeGreaterThan(0);
    const users = Array.from({ length: 24 }, (_, user) => `u-${user}`);
    const policies = await Promise.all(users.map(policyFor));
    expect(new Set(policies.map(String))).toEqual(new Set([`200,default:${runId}`]));
    // Of two workers one has read the model, and both have it.
    const read = tree
      .output()
      .split("\n")
      .filter((line) => line.includes('"message":"model.read"'));
    expect(read).toHaveLength(1);
    const metrics = await (await fetch(`${tree.url}/metrics`)).text();
    expect(metrics).toMatch(/reco_pipeline_step_duration_seconds\{step="train_models"\} [\d.]+/);
    expect(Number(/^reco_model_memory_bytes (\d+)/m.exec(metrics)?.[1])).toBeGreaterThan(10_000);
  },
  TIMEOUT_MS,
);

test(
  "a trainer that is killed while it trains is started again, and answers go on",
  async () => {
    await using learning = await startLearning("sources");
    const { tree, said, policyFor } = learning;
    await said("trainer.started");
    const before = tree.actors().map(({ id, incarnation }) => [id, incarnation]);
    process.kill(tree.actor("trainer").pid, "SIGKILL");
    const statuses: unknown[] = [];
    await eventually(
      async () => {
        statuses.push((await policyFor("u-1"))[0]);
        expect(tree.actor("trainer")).toMatchObject({ state: "running", incarnation: 2, restarts: 1 });
      },
      { timeoutMs: 30_000 },
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    const others = (actors: unknown[][]) => actors.filter(([id]) => id !== "trainer");
    expect(others(tree.actors().map(({ id, incarnation }) => [id, incarnation]))).toEqual(others(before));
    expect(await tree.stop()).toBe(0);
  },
  TIMEOUT_MS,
);
