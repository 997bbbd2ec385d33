/** Collects what `reco status` tells; a part that does not answer in time is reported as unknown. */

import type { Config } from "../../config/config.ts";
import { redactSetting } from "../../config/redact.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { embeddedAddress } from "../../stores/postgres/embedded.ts";
import { readOutboxSnapshot } from "../../stores/postgres/outbox-snapshot.ts";
import { openPool } from "../../stores/postgres/pool.ts";
import { readServerFacts } from "../../stores/postgres/server-facts.ts";
import type { ChildStatus } from "../../supervisor/actor.ts";
import { urlOf } from "../address.ts";
import { probe } from "../http-probe.ts";
import type { RuntimeInfo } from "../runtime-file.ts";
import { readPartitionLags } from "./partition-lags.ts";
import {
  type ActorReport,
  type LagReport,
  type OutboxReport,
  type StatusReport,
  type StoreReport,
  toOutboxReport,
  type Unknown,
} from "./report.ts";

const TIMEOUT_MS = 3_000;
const CLOSE_TIMEOUT_MS = 1_000;

/** Never rejects for a part of the tree that is down. */
export async function gatherStatus(
  config: Config,
  running: RuntimeInfo,
  nowMs: number,
): Promise<StatusReport> {
  const [stored, policy, lag] = await Promise.all([
    askStore(config, running),
    orUnknown(readPolicy(running)),
    orUnknown(readLag(running)),
  ]);
  const { version, pid, roles, http, metrics, storePort, actors, writtenAtMs } = running;
  return {
    running: true,
    version,
    pid,
    data_dir: config.dataDir,
    roles,
    ports: { http, metrics, store: storePort },
    actors: actors.map((actor) => actorReport(actor, Math.max(0, nowMs - writtenAtMs))),
    ...stored,
    policy,
    lag,
  };
}

/** A child that ran when the file was written has run on since: any change would have written it anew. */
function actorReport(actor: ChildStatus, sinceWrittenMs: number): ActorReport {
  const { id, state, isolation, pid, incarnation, restarts, uptimeMs, lastExit } = actor;
  const aliveMs = state === "running" ? uptimeMs + sinceWrittenMs : 0;
  return {
    ...{ id, state, isolation, pid, incarnation, restarts },
    uptime_sec: Math.round(aliveMs / 1000),
    last_exit: lastExit,
  };
}

interface StoreParts {
  readonly store: StoreReport | Unknown;
  readonly outbox: OutboxReport | Unknown;
}

async function askStore(config: Config, running: RuntimeInfo): Promise<StoreParts> {
  try {
    return await askServer(urlOfStore(config, running), running.storePort === null ? "external" : "embedded");
  } catch (error) {
    const unknown = { error: asError(error).message };
    return { store: unknown, outbox: unknown };
  }
}

function urlOfStore(config: Config, { storePort }: RuntimeInfo): string {
  if (storePort !== null) return embeddedAddress(config.dataDir, storePort).url;
  if (config.database.url !== null) return config.database.url;
  throw new Error("the tree has a database of its own: set its DATABASE_URL here too");
}

async function askServer(url: string, kind: StoreReport["kind"]): Promise<StoreParts> {
  const address = redactSetting("DATABASE_URL", url);
  const pool = openPool({
    url,
    applicationName: "reco-status",
    min: 0,
    max: 2,
    connectTimeoutMs: TIMEOUT_MS,
  });
  const deadline = Deadline.after(TIMEOUT_MS);
  try {
    const { version } = await readServerFacts(pool, deadline);
    const outbox = await orUnknown(readOutboxSnapshot(pool, deadline).then(toOutboxReport));
    return { store: { kind, address, version }, outbox };
  } catch (cause) {
    throw new Error(`${address}: ${asError(cause).message}`, { cause });
  } finally {
    await pool.close(CLOSE_TIMEOUT_MS);
  }
}

async function readPolicy({ http }: RuntimeInfo): Promise<string | null> {
  if (!http) return null;
  const url = urlOf(http, "/ready");
  const { status, body } = await probe(url, TIMEOUT_MS);
  if (status !== 200) throw new Error(`${url} answers ${status}`);
  const { policy_path: policy } = JSON.parse(body) as { policy_path?: unknown };
  if (typeof policy !== "string") throw new Error(`${url} names no policy`);
  return policy;
}

/** By the API where there is one: its port is surely this tree's, the metrics port may be another one's. */
async function readLag({ roles, http, metrics }: RuntimeInfo): Promise<LagReport | null> {
  if (!roles.includes("consumer")) return null;
  const url = urlOf(http ?? metrics, "/metrics");
  const { status, body } = await probe(url, TIMEOUT_MS);
  if (status !== 200) throw new Error(`${url} answers ${status}: metrics are switched off or refused`);
  return readPartitionLags(body);
}

const orUnknown = <T>(part: Promise<T>): Promise<T | Unknown> =>
  part.catch((error) => ({ error: asError(error).message }));
