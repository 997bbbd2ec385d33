/** What a relay counts. */

import type { OutboxMark, OutboxSnapshot } from "../events/ports.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";

export type RelayStage =
  | "startup"
  | "lease"
  | "claim"
  | "publish"
  | "mark_failed"
  | "process"
  | "metrics"
  | "stop"
  | "stop_timeout";

export interface RelayMetrics {
  error(stage: RelayStage, by?: number): void;
  /** Time from enqueueing to the attempt to publish, in ms. */
  lag(ms: number): void;
  /** Outcomes that the store accepted. */
  marked(marks: readonly OutboxMark[]): void;
  fenced(partitions: number): void;
  held(partitions: number): void;
  backlog(snapshot: OutboxSnapshot): void;
}

export function createRelayMetrics(metrics: Metrics): RelayMetrics {
  const lag = metrics.histogram("reco_outbox_relay_event_lag_ms");
  const fenced = metrics.counter("reco_outbox_fenced_total");
  const held = metrics.gauge("reco_outbox_partitions_held");
  const oldest = metrics.gauge("reco_outbox_backlog_oldest_lag_ms");
  const byTopic = (name: string, topic: string) => metrics.counter(name, { topic });
  return {
    error: (stage, by = 1) => metrics.counter("reco_outbox_relay_errors_total", { stage }).inc(by),
    lag: (ms) => lag.observe(ms),
    marked(marks) {
      for (const { kind, row } of marks) {
        if (kind === "published") byTopic("reco_outbox_relay_published_total", row.topic).inc();
        if (kind === "failed") byTopic("reco_outbox_relay_failed_total", row.topic).inc();
      }
    },
    fenced: (partitions) => fenced.inc(partitions),
    held: (partitions) => held.set(partitions),
    backlog(snapshot) {
      for (const status of ["pending", "publishing", "dead"] as const) {
        metrics.gauge("reco_outbox_backlog_events", { status }).set(snapshot[status]);
      }
      oldest.set(snapshot.oldestLagMs);
    },
  };
}
