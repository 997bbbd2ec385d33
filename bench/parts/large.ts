/**
 * A catalogue of 100,000 items end to end: made-up events are stored, `reco train` learns from them in the memory that it
 * may take, the run is promoted to a tree that serves, and one http thread answers at a moderate rate.
 */

import { join } from "node:path";
import { emptyFolder } from "../data/seeded-folder.ts";
import { type LoadResult, runLoad } from "../load/plan.ts";
import { fillCatalogue } from "../support/catalogue-store.ts";
import { figure } from "../support/figure.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { pssMiB, treeOf } from "../support/processes.ts";
import { runReco } from "../support/reco-command.ts";
import { Server } from "../support/server.ts";

const ITEMS = 100_000;
/** The first of a million that the generator knows. */
const USERS = 100_000;
const TRAINER_MEMORY_MIB = 2_048;
const RATE_PER_SEC = 100;
const CONNECTIONS = 8;
const WARM_UP_MS = 10_000;
const P99_MS = 20;
const RUN_ID = "20260101_023000";

export async function large({ seconds }: PartOptions): Promise<PartResult> {
  const dataDir = emptyFolder("large");
  await using store = await fillCatalogue(dataDir, { items: ITEMS, users: USERS, seed: 1 });
  const env = {
    DATABASE_URL: store.url,
    RECO_DATA_DIR: dataDir,
    REPORTS_DIR: join(dataDir, "reports"),
    MODELS_DIR: join(dataDir, "models"),
    TRAINER_MEMORY_MAX_MB: String(TRAINER_MEMORY_MIB),
  };
  const rebuilt = await runReco(["rebuild-features"], env);
  const training = await runReco(["train", "--run-id", RUN_ID], env);
  await using noop = await Server.noop();
  await using tree = await Server.tree({ databaseUrl: store.url, dataDir, env });
  const before = pssOf(tree);
  const promoted = await runReco(["promote-policy", "--run-id", RUN_ID], env);
  const loaded = pssOf(tree);
  const rounds = [];
  for (let round = 0; round < 3; round++) {
    rounds.push({ reference: await load(noop, seconds), measured: await load(tree, seconds) });
  }
  const run = join(dataDir, "objects", "runs", RUN_ID);
  const manifest = await Bun.file(join(run, "manifest.json")).json();
  const modelMiB = Bun.file(join(run, "bundle.bin")).size / 2 ** 20;
  return {
    figures: [
      figure(
        "training, all events: peak resident memory",
        "MiB",
        "TRAINER_MEMORY_MAX_MB",
        [{ value: training.peakMiB, reference: TRAINER_MEMORY_MIB }],
        { of: "ratio", is: "<=", limit: 1 },
      ),
      figure("training: CPU time", "s", "events", [
        { value: training.cpuS, reference: manifest.data_range.events },
      ]),
      figure("model in one http thread: growth of PSS", "MiB", "its file", [
        { value: loaded - before, reference: modelMiB },
      ]),
      figure(
        `/reco at ${RATE_PER_SEC}/s, users at random, nothing kept: p99`,
        "ms",
        "noop at that rate",
        rounds.map(({ reference, measured }) => ({
          value: measured.latencyMs.p99,
          reference: reference.latencyMs.p99,
        })),
        { of: "value", is: "<=", limit: P99_MS },
      ),
      figure("PSS of the tree after that", "MiB", "before the model", [
        { value: pssOf(tree), reference: before },
      ]),
    ],
    rounds: { rebuilt, training, promoted, manifest, load: rounds },
    refused: rounds.flatMap(({ measured }) =>
      measured.degraded > 0.001 || Object.keys(measured.statuses).some((status) => status !== "200")
        ? [`answers were degraded (${measured.degraded.toFixed(3)}) or not 200`]
        : [],
    ),
  };
}

const pssOf = ({ pid }: Server) => treeOf(pid).reduce((sum, each) => sum + pssMiB(each), 0);

function load({ port, pid }: Server, seconds: number): Promise<LoadResult> {
  return runLoad({
    port,
    connections: CONNECTIONS,
    request: { kind: "reco", users: USERS, autolog: false },
    ratePerSec: RATE_PER_SEC,
    warmUpMs: WARM_UP_MS,
    measureMs: seconds * 1_000,
    pids: [pid],
  });
}
