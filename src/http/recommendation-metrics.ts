/** Counts answers of the core recommendation routes. */

import type { Clock } from "../core/clock.ts";
import type { RecoAnswer } from "../recommend/recommender.ts";
import type { Histogram, Metrics } from "../telemetry/metrics-types.ts";
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
  const inferences = new Map<string, Histogram>();
  const inference = (strategy: string): Histogram => {
    let bound = inferences.get(strategy);
    if (bound === undefined) {
      bound = metrics.histogram("model_inference_latency_seconds", { model_type: strategy });
      inferences.set(strategy, bound);
    }
    return bound;
  };
  return {
    answered({ list, label, degraded, strategy, timingsMs: { ranking } }) {
      const isFallback = strategy.startsWith("fallback:");
      // A kept list was not ranked anew.
      if (!isFallback && ranking > 0) inference(strategy).observe(ranking / 1000);
      counts.answered({ size: list.itemIds.length, variant: label.variant, degraded, isFallback });
    },
    finished: counts.finished,
  };
}
