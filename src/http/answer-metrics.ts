/** Counts recommendation answers of one endpoint, whatever they are made of, with handles bound once. */

import type { Clock } from "../core/clock.ts";
import type { Endpoint } from "../recommend/recommender.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { FallbackRatio } from "./fallback-ratio.ts";
import { EXPERIMENT_VARIANT } from "./policy-labels.ts";

/** What counts of an answer. */
export interface CountedAnswer {
  /** Items. */
  readonly size: number;
  readonly variant: "primary" | "shadow" | "fallback";
  /** `<cause>:<source>`. */
  readonly degraded: string | null;
  /** A lower rung of the ladder answered, not only the full policy over fewer candidates. */
  readonly isFallback: boolean;
}

export interface AnswerMetrics {
  /** Counts what was answered. */
  answered(answer: CountedAnswer): void;
  /** Counts the call, whatever its status. */
  finished(status: number, elapsedMs: number): void;
}

export function bindAnswerMetrics(metrics: Metrics, clock: Clock, endpoint: Endpoint): AnswerMetrics {
  const requests = (status: string) => metrics.counter("recommendation_requests_total", { endpoint, status });
  const success = requests("success");
  const error = requests("error");
  const latency = metrics.histogram("recommendation_latency_seconds", { endpoint });
  const count = metrics.histogram("recommendation_count", { endpoint });
  const ratioGauge = metrics.gauge("recommendation_fallback_ratio", { endpoint });
  const fullExposures = {
    primary: exposures(metrics, endpoint, "primary", "none"),
    shadow: exposures(metrics, endpoint, "shadow", "none"),
  };
  const ratio = new FallbackRatio(clock);
  return {
    answered(answer) {
      count.observe(answer.size);
      ratioGauge.set(ratio.add(answer.isFallback));
      const { variant, degraded } = answer;
      if (degraded === null && variant !== "fallback") fullExposures[variant].inc();
      else countDegraded(metrics, endpoint, answer, degraded ?? "none");
    },
    finished(status, elapsedMs) {
      (status < 400 ? success : error).inc();
      latency.observe(elapsedMs / 1000);
    },
  };
}

const exposures = (metrics: Metrics, endpoint: string, variant: string, degradeReason: string) =>
  metrics.counter("recommendation_exposures_total", {
    endpoint,
    variant,
    experiment_variant: EXPERIMENT_VARIANT,
    degrade_reason: degradeReason,
  });

/** Degraded answers are rare, so their handles are looked up each time. */
function countDegraded(metrics: Metrics, endpoint: string, answer: CountedAnswer, reason: string): void {
  const [cause = "", level = ""] = reason.split(":");
  exposures(metrics, endpoint, answer.variant, reason).inc();
  metrics.counter("recommendation_degraded_total", { endpoint, reason }).inc();
  if (answer.isFallback) metrics.counter("fallback_triggered_total", { reason: cause, level }).inc();
  if (cause === "timeout") {
    metrics.counter("recommendation_timeouts_total", { endpoint, operation: "total" }).inc();
  }
}
