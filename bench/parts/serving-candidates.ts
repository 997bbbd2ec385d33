/** The servers of the serving part, from the empty shell to the better engine on two threads. */

import { cpSync } from "node:fs";
import { join } from "node:path";
import { emptyFolder } from "../data/seeded-folder.ts";
import type { Bar } from "../support/figure.ts";
import { runReco } from "../support/reco-command.ts";
import { Server } from "../support/server.ts";

export interface Candidate {
  readonly name: string;
  readonly server: Server;
  /** False for servers that take no events. */
  readonly hasStore: boolean;
  /** Of the throughput beside noop. */
  readonly bar: Bar | null;
}

const RUN_ID = "20260101_023000";
const TRAINER_MEMORY_MIB = "2048";
const STREAM = { RECO_DEFAULT_POLICY: "builtin:stream-v1" };
const COLD = { cache: { rankedListTtlMs: 0 } };
const atLeast = (limit: number): Bar => ({ of: "ratio", is: ">=", limit });

/** Cold: no answer and no ranked list is kept. Warm: a user's ranked list is kept until the profile changes. */
export async function servingCandidates(
  databaseUrl: string,
  only: ReadonlySet<string> | null,
  stack: AsyncDisposableStack,
): Promise<Candidate[]> {
  const tree = (options: TreeOptions) => () => Server.tree({ databaseUrl, ...options });
  return started(
    [
      { name: "shell", hasStore: false, bar: null, start: () => Server.shell() },
      { name: "rules-v1", hasStore: true, bar: atLeast(0.2), start: tree({ config: COLD }) },
      { name: "stream-v1", hasStore: true, bar: atLeast(0.18), start: tree({ env: STREAM, config: COLD }) },
      { name: "stream-v1-warm", hasStore: true, bar: atLeast(0.4), start: tree({ env: STREAM }) },
      {
        name: "stream-v1-two-threads",
        hasStore: true,
        bar: atLeast(0.3),
        start: tree({ env: STREAM, config: COLD, workers: 2 }),
      },
    ],
    only,
    stack,
  );
}

/** Trains, promotes, and gives each tree the run in a folder of its own. */
export async function trainedCandidates(
  databaseUrl: string,
  only: ReadonlySet<string> | null,
  stack: AsyncDisposableStack,
): Promise<Candidate[]> {
  const dataDir = emptyFolder("trained");
  const env = {
    DATABASE_URL: databaseUrl,
    RECO_DATA_DIR: dataDir,
    REPORTS_DIR: join(dataDir, "reports"),
    MODELS_DIR: join(dataDir, "models"),
    TRAINER_MEMORY_MAX_MB: TRAINER_MEMORY_MIB,
  };
  const { seconds, cpuS, peakMiB } = await runReco(["train", "--run-id", RUN_ID], env);
  console.error(`trained in ${seconds.toFixed(1)} s, ${cpuS.toFixed(1)} s of CPU, ${peakMiB.toFixed(0)} MiB`);
  await runReco(["promote-policy", "--run-id", RUN_ID], env);
  const tree = (name: string, options: TreeOptions) => () => {
    const own = emptyFolder(name);
    cpSync(dataDir, own, { recursive: true });
    return Server.tree({ databaseUrl, ...options, dataDir: own });
  };
  return started(
    [
      { name: "trained", hasStore: true, bar: atLeast(0.15), start: tree("trained-cold", { config: COLD }) },
      { name: "trained-warm", hasStore: true, bar: atLeast(0.4), start: tree("trained-warm", {}) },
      {
        name: "trained-two-threads",
        hasStore: true,
        bar: atLeast(0.25),
        start: tree("trained-two", { config: COLD, workers: 2 }),
      },
    ],
    only,
    stack,
  );
}

type TreeOptions = Partial<Parameters<typeof Server.tree>[0]>;
type Startable = Omit<Candidate, "server"> & { readonly start: () => Promise<Server> };

async function started(
  all: readonly Startable[],
  only: ReadonlySet<string> | null,
  stack: AsyncDisposableStack,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const { name, hasStore, bar, start } of all) {
    if (only && !only.has(name)) continue;
    candidates.push({ name, hasStore, bar, server: stack.use(await start()) });
  }
  return candidates;
}
