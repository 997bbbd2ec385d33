/** Reports what the process uses, and which build it runs. */

import { isMainThread } from "node:worker_threads";
import { buildCommit } from "../core/build-commit.ts";
import type { Clock } from "../core/clock.ts";
import type { Metrics } from "./metrics-types.ts";

export interface ProcessIdentity {
  /** Names the process among those of the tree when this realm is its main thread; threads belong to the root. */
  readonly actorId: string;
  readonly version: string;
  readonly environment: string;
}

const ROOT_PROCESS = "root";
const MICROSECONDS = 1_000_000;

/** Answers a function that brings the figures up to date; call it before each snapshot. */
export function startProcessMetrics(metrics: Metrics, clock: Clock, identity: ProcessIdentity): () => void {
  const labels = { process: isMainThread ? identity.actorId : ROOT_PROCESS };
  const cpuSeconds = metrics.counter("process_cpu_seconds_total", labels);
  const resident = metrics.gauge("process_resident_memory_bytes", labels);
  const { version, environment } = identity;
  metrics.gauge("process_start_time_seconds", labels).set(clock.nowMs() / 1000 - process.uptime());
  metrics.gauge("reco_build_info", { version, commit: buildCommit }).set(1);
  metrics.gauge("recommendation_service_info", { version, service: "reco", environment }).set(1);
  let reportedSeconds = 0;
  return () => {
    const { user, system } = process.cpuUsage();
    const usedSeconds = (user + system) / MICROSECONDS;
    cpuSeconds.inc(usedSeconds - reportedSeconds);
    reportedSeconds = usedSeconds;
    resident.set(process.memoryUsage.rss());
  };
}
