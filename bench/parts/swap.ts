/** Another run is promoted while one http thread answers: what that costs those who ask meanwhile. */

import { join } from "node:path";
import { emptyFolder } from "../data/seeded-folder.ts";
import { type LoadPlan, type LoadResult, runLoad, startLoad } from "../load/plan.ts";
import { fillCatalogue } from "../support/catalogue-store.ts";
import { figure } from "../support/figure.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { runReco } from "../support/reco-command.ts";
import { Server } from "../support/server.ts";

const ITEMS = 5_000;
const USERS = 5_000;
const RATE_PER_SEC = 100;
const CONNECTIONS = 8;
const WARM_UP_MS = 5_000;
/** Into the window that is measured. */
const PROMOTED_AFTER_MS = 1_000;
const SETTLED_MS = 1_000;
const RUN_IDS = ["20260101_023000", "20260102_023000"] as const;

export async function swap({ rounds: count, seconds }: PartOptions): Promise<PartResult> {
  const dataDir = emptyFolder("swap");
  await using store = await fillCatalogue(dataDir, { items: ITEMS, users: USERS, seed: 1 });
  const env = {
    DATABASE_URL: store.url,
    RECO_DATA_DIR: dataDir,
    REPORTS_DIR: join(dataDir, "reports"),
    MODELS_DIR: join(dataDir, "models"),
  };
  await runReco(["rebuild-features"], env);
  for (const runId of RUN_IDS) await runReco(["train", "--run-id", runId], env);
  await runReco(["promote-policy", "--run-id", RUN_IDS[0]], env);
  await using tree = await Server.tree({ databaseUrl: store.url, dataDir, env });
  const rounds = [];
  for (let round = 0; round < count; round++) {
    const steady = await runLoad(planOf(tree, seconds));
    rounds.push({ steady, swapped: await swapped(tree, seconds, RUN_IDS[(round + 1) % 2] as string) });
  }
  return {
    figures: [
      figure(
        `/reco at ${RATE_PER_SEC}/s while a run is promoted: p99`,
        "ms",
        "the same without",
        rounds.map(({ steady, swapped: { latencyMs } }) => ({
          value: latencyMs.p99,
          reference: steady.latencyMs.p99,
        })),
        { of: "ratio", is: "<=", limit: 2 },
      ),
    ],
    rounds,
    refused: rounds.flatMap(({ swapped: { statuses, degraded } }) =>
      degraded > 0 || Object.keys(statuses).some((status) => status !== "200")
        ? ["answers were degraded or not 200 while a run was promoted"]
        : [],
    ),
  };
}

async function swapped(tree: Server, seconds: number, runId: string): Promise<LoadResult> {
  const load = startLoad(planOf(tree, seconds));
  await Bun.sleep(WARM_UP_MS + PROMOTED_AFTER_MS);
  const promoted = await fetch(`http://127.0.0.1:${tree.port}/policy/promote`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ run_id: runId }),
  });
  if (!promoted.ok) throw new Error(`promoting ${runId} was answered ${promoted.status}`);
  const result = await load.result;
  await Bun.sleep(SETTLED_MS);
  return result;
}

const planOf = ({ port, pid }: Server, seconds: number): LoadPlan => ({
  port,
  connections: CONNECTIONS,
  request: { kind: "reco", users: USERS, autolog: false },
  ratePerSec: RATE_PER_SEC,
  warmUpMs: WARM_UP_MS,
  measureMs: seconds * 1_000,
  pids: [pid],
});
