/** A tree of its own for an evaluation: a temporary data folder, the training part imported, one policy serving. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeRun } from "../../actors/train-run.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { formatConfigFailure } from "../../config/problem.ts";
import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { IngestPlan } from "../../events/ports.ts";
import { chooseFreePort } from "../../stores/postgres/embedded.ts";
import { IMPORT_CHUNK_SIZE, importEvents } from "../../stores/postgres/interaction-import.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";
import { createRegistryStore } from "../../stores/postgres/registry-store.ts";
import { openStore } from "../database.ts";
import { TreeProcess } from "../tree-process.ts";
import { LocalHttp } from "./local-http.ts";
import { showProgress } from "./progress.ts";
import type { ServedPolicy, ServedRun } from "./served-policy.ts";

const CHUNK_TIMEOUT_MS = 60_000;
const PROMOTE_TIMEOUT_MS = 60_000;

/**
 * Http alone, so that no consumer changes a rule. Without caches each answer is made from what the store holds at that
 * moment, with a deadline that is never reached from nothing less, and explores nothing. All that a user did counts as
 * seen, and events may be as old as they are.
 */
const FROZEN = {
  APP_ENV: "test",
  RECO_ROLES: "http",
  RECO_SEEN_MAX: "1000000",
  FEATURE_EXPLORATION: "false",
  RECO_DEADLINE_MS: "600000",
  ONLINE_CACHE_ENABLED: "false",
  CONTRACT_MAX_EVENT_AGE_MS: String(Number.MAX_SAFE_INTEGER),
  API_AUTH_MODE: "off",
  HOST: "127.0.0.1",
  METRICS_HOST: "127.0.0.1",
  LOG_LEVEL: "warn",
} as const;

export interface ServedTree extends AsyncDisposable {
  readonly http: LocalHttp;
  /** On the database of the tree. */
  readonly pool: Pool;
}

export interface ServedTreeOptions {
  readonly policy: ServedPolicy;
  readonly training: readonly IngestPlan[];
  /** Of decayed popularity. */
  readonly halfLifeHours: number;
  readonly signal: AbortSignal;
}

/** Imports, starts and waits until ready. All of it is gone after disposal. */
export async function startServedTree(options: ServedTreeOptions): Promise<ServedTree> {
  const { policy, training, halfLifeHours, signal } = options;
  await using opened = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), "reco-evaluate-"));
  opened.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const port = await chooseFreePort();
  const settings = {
    ...FROZEN,
    RECO_DATA_DIR: dataDir,
    REPORTS_DIR: join(dataDir, "reports"),
    RECO_DEFAULT_POLICY: `builtin:${policy.builtin}`,
    RECO_POPULARITY_HALF_LIFE_H: String(halfLifeHours),
    PORT: String(port),
    METRICS_PORT: String(await chooseFreePort()),
  };
  const config = configOf(settings);
  {
    await using store = await openStore(config, "reco-evaluate");
    await importTraining(store.pool, training, signal);
    if (policy.run) await promoteRun(store.pool, config, policy.run);
  }
  const tree = opened.use(new TreeProcess(dataDir, settings));
  const http = opened.use(new LocalHttp(port, signal));
  await tree.ready(async () => {
    const { status } = await http.get("/readyz");
    return status === 200 ? null : `/readyz answers ${status}`;
  });
  const { pool } = opened.use(await openStore(config, "reco-evaluate"));
  const owned = opened.move();
  return { http, pool, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Of nothing but these settings: the caller's environment must not lead to another database. */
function configOf(settings: Readonly<Record<string, string>>): Config {
  const loaded = loadConfig({ env: settings });
  if (!loaded.ok) throw new Error(formatConfigFailure(loaded.error));
  return loaded.value.config;
}

async function importTraining(pool: Pool, plans: readonly IngestPlan[], signal: AbortSignal): Promise<void> {
  using progress = showProgress("importing events", plans.length);
  for (let from = 0; from < plans.length; from += IMPORT_CHUNK_SIZE) {
    signal.throwIfAborted();
    const chunk = plans.slice(from, from + IMPORT_CHUNK_SIZE);
    await importEvents(pool, chunk, { publish: false }, systemClock, Deadline.after(CHUNK_TIMEOUT_MS));
    progress.advance(chunk.length);
  }
}

/** No worker runs yet that would have to follow. */
async function promoteRun(pool: Pool, config: Config, { trained, data }: ServedRun): Promise<void> {
  const deadline = Deadline.after(PROMOTE_TIMEOUT_MS);
  const { reportsDir: reports } = config;
  mkdirSync(reports);
  const nowMs = systemClock.nowMs();
  await storeRun({ pool, config, deadline }, { trained, contest: null, data, reports, nowMs });
  const { runId } = trained.model;
  const promotion = { slot: "default", runId, activate: null, actor: "evaluation" } as const;
  await createRegistryStore(pool).promote(promotion, deadline);
}
