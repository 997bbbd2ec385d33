/** Reco's tree of actors: who runs, in which isolation, and who may send to whom. Open this file first. */

import type { Config } from "../config/config.ts";
import { hasTrainer } from "../config/has-trainer.ts";
import type { ActorId, ChildSpec, SupervisorSpec } from "../supervisor/actor.ts";

/** What every actor of the tree is started with. */
export interface ActorArgs {
  readonly config: Config;
  readonly databaseUrl: string;
}

/** The trainer starts a thread itself. */
export interface TrainerArgs extends ActorArgs {
  /** Entry file of threads. */
  readonly threadEntry: string;
}

/** Whether this tree owns an embedded PostgreSQL server; null when `DATABASE_URL` names one. */
export interface EmbeddedStore {
  readonly dataDir: string;
  readonly port: number;
}

const BACKOFF = { minMs: 200, maxMs: 10_000, jitter: 0.2, resetAfterMs: 10_000 };
const START_TIMEOUT_MS = 5_000;
/** A first start runs initdb, a recovery replays the write-ahead log. */
const STORE_START_TIMEOUT_MS = 60_000;
/** Longer than the migrator's own deadline for large migrations and for another runner's. */
const MIGRATOR_START_TIMEOUT_MS = 610_000;
/** Longer than a worker's warm-up. */
const HTTP_START_TIMEOUT_MS = 15_000;
/** For warnings about what was not stored in time, and to close the pool and the log. */
const WRITER_CLOSE_MS = 2_000;
const HINT_MAILBOX = { capacity: 64, overflow: "drop" } as const;

/**
 * The children in start order: sinks before sources. Stopping runs the other way, so that every actor
 * still finds the ones it sends to.
 */
export function describeTree(
  config: Config,
  databaseUrl: string,
  embedded: EmbeddedStore | null,
  threadEntry: string,
): SupervisorSpec {
  const args: ActorArgs = { config, databaseUrl };
  const has = (role: Config["roles"][number]) => config.roles.includes(role);
  const https = has("http") ? names("http", config.http.workers) : [];
  const consumers = has("consumer") ? names("consumer", config.consumer.workers) : [];
  const relays = has("relay") ? ["relay"] : [];
  const writers = has("http") ? ["writer"] : [];

  const children: ChildSpec[] = [];
  if (embedded) {
    children.push({
      ...permanent("store", "process", embedded),
      startTimeoutMs: STORE_START_TIMEOUT_MS,
    });
  }
  if (has("http") && config.database.initOnStartup) {
    children.push({
      ...permanent("migrator", "process", args),
      restart: "transient",
      startTimeoutMs: MIGRATOR_START_TIMEOUT_MS,
    });
  }
  if (has("monitor")) children.push(permanent("monitor", "process", args));
  for (const id of consumers) {
    children.push({
      ...permanent(id, "process", args),
      shutdownMs: config.consumer.shutdownMs,
      sendsTo: https,
    });
  }
  for (const id of relays) {
    children.push({
      ...permanent(id, "process", args),
      shutdownMs: config.outbox.shutdownMs,
      sendsTo: consumers,
    });
  }
  for (const id of writers) {
    children.push({
      ...permanent(id, "thread", args),
      shutdownMs: config.reco.backgroundShutdownMs + WRITER_CLOSE_MS,
      mailbox: {
        capacity: config.reco.maxBackgroundTasks,
        overflow: config.reco.backpressureMode,
        // All that is outstanding waits for a group commit at the same time.
        concurrency: config.reco.maxBackgroundTasks,
      },
      sendsTo: relays,
    });
  }
  for (const id of https) {
    children.push({
      ...permanent(id, "thread", args),
      startTimeoutMs: HTTP_START_TIMEOUT_MS,
      shutdownMs: 6_000 + config.http.drainDelayMs,
      // Hints about changed state: losing one costs freshness until the entry's time to live, never correctness.
      mailbox: { capacity: 1_000, overflow: "drop" },
      sendsTo: [...writers, ...relays, ...https.filter((other) => other !== id)],
    });
  }
  if (hasTrainer(config)) {
    // Last: nobody waits for it, and nothing of what answers is to wait for its start.
    const trainerArgs: TrainerArgs = { ...args, threadEntry };
    children.push(permanent("trainer", "process", trainerArgs));
  }
  return { ...config.supervisor, children };
}

const names = (prefix: string, count: number): ActorId[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

function permanent<Args>(id: ActorId, isolation: ChildSpec["isolation"], args: Args): ChildSpec<Args> {
  return {
    id,
    start: { module: id.replace(/-\d+$/, ""), args },
    isolation,
    restart: "permanent",
    startTimeoutMs: START_TIMEOUT_MS,
    shutdownMs: 3_000,
    backoff: BACKOFF,
    mailbox: HINT_MAILBOX,
    sendsTo: [],
  };
}
