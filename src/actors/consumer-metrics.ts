/** What a consumer counts. */

import type { Assignment, ChunkEntry, ChunkResult, ConsumerStore } from "../events/ports.ts";
import type { Gauge, Metrics } from "../telemetry/metrics-types.ts";

export type ConsumerStage =
  | "startup"
  | "poll"
  | "process"
  | "commit"
  | "lag_metrics"
  | "dlq_metrics"
  | "dlq_store"
  | "poison_message"
  | "stop"
  | "stop_timeout";

type DlqSnapshot = Awaited<ReturnType<ConsumerStore["dlqSnapshot"]>>;
type Lags = readonly { readonly assignment: Assignment; readonly lag: number }[];

export interface ConsumerMetrics {
  error(stage: ConsumerStage): void;
  /** Age of a record when it is handled, in ms. */
  recordLag(topic: string, ms: number): void;
  /** A try that failed for a reason of the record's own. */
  attemptFailed(topic: string): void;
  offsetGap(topic: string): void;
  committed(entries: readonly ChunkEntry[], statuses: ChunkResult["statuses"], nowMs: number): void;
  /** Partitions left out lose their series. */
  partitionLags(lags: Lags): void;
  dlq(snapshot: DlqSnapshot): void;
}

const INVALID_PAYLOAD = new Set(["not_json", "not_object"]);
const INVALID_EVENT = new Set(["schema", "unknown_schema_version"]);

export function createConsumerMetrics(metrics: Metrics): ConsumerMetrics {
  const processed = (topic: string, status: string) =>
    metrics.counter("reco_feature_consumer_processed_total", { topic, status }).inc();
  const error = (stage: ConsumerStage) =>
    metrics.counter("reco_feature_consumer_errors_total", { stage }).inc();
  const stored = metrics.counter("reco_feature_consumer_dlq_events_total", { outcome: "stored" });
  const latency = metrics.histogram("reco_watch_event_to_feature_latency_ms");
  const dead = (topic: string, errorClass: string) => {
    if (INVALID_PAYLOAD.has(errorClass)) processed(topic, "invalid_payload");
    else if (INVALID_EVENT.has(errorClass)) processed(topic, "invalid_event");
    else error("poison_message");
    processed(topic, "dlq");
    stored.inc();
  };
  const clicks = metrics.counter("recommendation_click_total", { source: "watch" });
  let lagGauges = new Map<string, Gauge>();
  return {
    error,
    recordLag: (topic, ms) => metrics.histogram("reco_feature_consumer_event_lag_ms", { topic }).observe(ms),
    attemptFailed(topic) {
      processed(topic, "error");
      error("process");
    },
    offsetGap: (topic) => metrics.counter("reco_feature_consumer_offset_gap_total", { topic }).inc(),
    committed(entries, statuses, nowMs) {
      for (const [index, entry] of entries.entries()) {
        const status = statuses[index] ?? "ignored";
        if (entry.kind === "dead") dead(entry.record.topic, entry.letter.errorClass);
        else processed(entry.record.topic, status);
        if (entry.kind !== "watch" || status !== "processed") continue;
        latency.observe(nowMs - entry.interaction.tsMs);
        const { signal } = entry.interaction;
        metrics.counter("user_interaction_total", { interaction_type: signal }).inc();
        if (signal === "click") clicks.inc();
      }
    },
    partitionLags(lags) {
      const current = new Map<string, Gauge>();
      for (const { assignment, lag } of lags) {
        const labels = { topic: assignment.topic, partition: String(assignment.partition) };
        const gauge = metrics.gauge("reco_feature_consumer_partition_lag", labels);
        gauge.set(lag);
        current.set(`${labels.topic}/${labels.partition}`, gauge);
      }
      for (const [name, gauge] of lagGauges) if (!current.has(name)) gauge.remove();
      lagGauges = current;
    },
    dlq({ pending, replayed, oldestPendingMs }) {
      metrics.gauge("reco_feature_consumer_dlq_backlog", { status: "pending" }).set(pending);
      metrics.gauge("reco_feature_consumer_dlq_backlog", { status: "replayed" }).set(replayed);
      metrics.gauge("reco_feature_consumer_dlq_oldest_pending_ms").set(oldestPendingMs);
    },
  };
}
