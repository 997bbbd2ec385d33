/** Gets a slate's impression stored: in the background by the writer, or inline, as configured. */

import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { ImpressionEvent } from "../events/model.ts";
import type { ImpressionLog } from "../http/services.ts";
import type { Peer } from "../supervisor/actor.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import type { ImpressionMessage } from "./writer.ts";

export interface ImpressionLogPorts {
  readonly settings: Pick<Config["reco"], "asyncImpressionLogging" | "backpressureMode">;
  readonly writer: Pick<Peer<ImpressionMessage>, "tell" | "offer">;
  /** Stores one impression now and counts its outcome; used when background logging is off. */
  readonly storeInline: (event: ImpressionEvent, deadline: Deadline) => Promise<void>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export function createImpressionLog(ports: ImpressionLogPorts): ImpressionLog {
  const { settings, writer, clock, metrics, log } = ports;
  const stage = (name: string) => metrics.histogram("reco_stage_latency_ms", { stage: name });
  const stages = {
    log: stage("impression_log"),
    schedule: stage("impression_schedule"),
    drop: stage("impression_drop"),
    backpressure: stage("impression_backpressure_sync"),
  };
  const outcome = (name: string) => metrics.counter("reco_impression_log_total", { outcome: name });
  const outcomes = { dropped: outcome("dropped"), failed: outcome("failed") };

  async function inline(event: ImpressionEvent, deadline: Deadline): Promise<void> {
    const startedMs = clock.monotonicMs();
    try {
      await ports.storeInline(event, deadline);
    } catch (error) {
      outcomes.failed.inc();
      log.warn({ error: asError(error).message, request_id: event.requestId }, "impression.failed");
    } finally {
      stages.log.observe(clock.monotonicMs() - startedMs);
    }
  }

  function drop(event: ImpressionEvent, reason: string): void {
    stages.drop.observe(0);
    outcomes.dropped.inc();
    log.warn({ reason, request_id: event.requestId }, "impression.dropped");
  }

  /** Waits for the writer's credit, at most until the request's deadline. */
  async function park(event: ImpressionEvent, deadline: Deadline): Promise<void> {
    stages.backpressure.observe(0);
    const sent = await writer.tell({ kind: "impression", event }, { timeoutMs: deadline.remainingMs() });
    if (sent.sent) return;
    if (sent.reason === "timeout") drop(event, sent.reason);
    else await inline(event, deadline);
  }

  return {
    async record(event, deadline) {
      if (!settings.asyncImpressionLogging) return inline(event, deadline);
      stages.schedule.observe(0);
      const sent = writer.offer({ kind: "impression", event });
      if (sent.sent) return;
      if (settings.backpressureMode === "drop") return drop(event, sent.reason);
      // A writer that is away for a moment must not cost its impressions: this worker stores them itself.
      return sent.reason === "full" ? park(event, deadline) : inline(event, deadline);
    },
  };
}
