/** Counts answers of the core recommendation routes. */

import type { Clock } from "../core/clock.ts";
import type { RecoAnswer } from "../recommend/recommender.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { bindAnswerMetrics } from "./answer-metrics.ts";

export interface RecommendationMetrics {
  /** Counts what was answered. */
  answered(answer: RecoAnswer): void;
  /** Counts the call, whatever its status. */
  finished(status: number, elapsedMs: number): void;
}

export function bindRecommendationMetrics(
  metrics: Metrics,
  clock: Clock,
  endpoint: "reco" | "recommend",
): RecommendationMetrics {
  const counts = bindAnswerMetrics(metrics, clock, endpoint);
  return {
    answered({ list, label, degraded, strategy }) {
      const isFallback = strategy.startsWith("fallback:");
      counts.answered({ size: list.itemIds.length, variant: label.variant, degraded, isFallback });
    },
    finished: counts.finished,
  };
}
