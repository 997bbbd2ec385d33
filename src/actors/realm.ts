/** What every actor on the store opens first and closes last: logger, metrics, pool. */

import manifest from "../../package.json" with { type: "json" };
import { armFailpoints } from "../core/failpoint.ts";
import { openPool } from "../stores/postgres/pool.ts";
import type { Pool } from "../stores/postgres/pool-types.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import { createLogger } from "../telemetry/create-logger.ts";
import { type EventLoopLag, startEventLoopLag } from "../telemetry/event-loop-lag.ts";
import { openLogOutput } from "../telemetry/log-output.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { startProcessMetrics } from "../telemetry/process-metrics.ts";
import { openMetricsListener } from "./metrics-listener.ts";
import type { ActorArgs } from "./tree.ts";
import { roleOf } from "./tree-metrics.ts";

export interface Realm extends AsyncDisposable {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly pool: Pool;
  readonly loopLag: EventLoopLag;
  /** Answers the survey question `metrics`. */
  readonly report: (question: string) => unknown;
}

const POOL_CLOSE_MS = 1_000;
const LOG_FLUSH_MS = 500;

/** `component` names the role in log lines. */
export function openRealm(context: ActorContext<ActorArgs>, component: string): Realm {
  const { config, databaseUrl } = context.args;
  armFailpoints(config.failpoints);
  const metrics = createMetrics();
  const dropped = metrics.counter("reco_log_dropped_total");
  const output = openLogOutput(() => dropped.inc());
  const log = createLogger({
    format: config.log.format,
    level: config.log.level,
    environment: config.environment,
    component,
    name: context.id,
    clock: context.clock,
    output,
  });
  const { database } = config;
  const pool = openPool({
    url: databaseUrl,
    applicationName: `reco-${context.id}`,
    min: database.poolMin,
    max: database.poolMax,
    connectTimeoutMs: database.connectTimeoutMs,
    poolWaitMs: database.poolWaitMs,
    statementTimeoutMs: database.statementTimeoutMs,
    lockTimeoutMs: database.lockTimeoutMs,
    clock: context.clock,
  });
  const loopLag = startEventLoopLag(context.clock);
  const sampleProcess = startProcessMetrics(metrics, context.clock, {
    actorId: context.id,
    version: manifest.version,
    environment: config.environment,
  });
  const listener = openMetricsListener(context, { log, loopLag });
  const exportRealm = () => {
    sampleProcess();
    metrics.gauge("reco_event_loop_lag_ms", { role: roleOf(context.id) }).set(loopLag.recentMaxMs());
    metrics.gauge("reco_db_pool_in_use", { pool: context.id }).set(pool.stats().inUse);
    metrics.gauge("reco_db_pool_waiters", { pool: context.id }).set(pool.stats().waiters);
    return metrics.snapshot();
  };
  return {
    log,
    metrics,
    pool,
    loopLag,
    report: (question) => (question === "metrics" ? exportRealm() : undefined),
    async [Symbol.asyncDispose]() {
      listener[Symbol.dispose]();
      loopLag.stop();
      await pool.close(POOL_CLOSE_MS);
      await output.close(LOG_FLUSH_MS);
    },
  };
}
