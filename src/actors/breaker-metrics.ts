/** Tells metrics and log what a breaker does. */

import type { BreakerObserver } from "../core/breaker.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";

export function watchBreaker(name: string, metrics: Metrics, log: Logger): BreakerObserver {
  const state = metrics.gauge("circuit_breaker_state", { breaker_name: name });
  const failures = metrics.counter("circuit_breaker_failures_total", { breaker_name: name });
  state.set(0);
  return {
    failed: () => failures.inc(),
    moved(to) {
      state.set(to === "closed" ? 0 : 1);
      metrics.counter("reco_breaker_transitions_total", { breaker_name: name, to }).inc();
      log.warn({ breaker: name, to }, "breaker.moved");
    },
  };
}
