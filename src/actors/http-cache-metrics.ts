/** Exports what the online cache counts by itself. */

import type { CacheSnapshot } from "../http/services.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";

/** Answers a function that brings the metrics up to date; call it before each snapshot. */
export function exportCache(metrics: Metrics, read: () => CacheSnapshot): () => void {
  const outcome = (status: string) => metrics.counter("cache_requests_total", { operation: "get", status });
  const outcomes = { hits: outcome("hit"), misses: outcome("miss"), errors: outcome("error") };
  const hitRate = metrics.gauge("cache_hit_rate");
  const exported = { hits: 0, misses: 0, errors: 0 };
  return () => {
    const snapshot = read();
    for (const name of ["hits", "misses", "errors"] as const) {
      outcomes[name].inc(snapshot[name] - exported[name]);
      exported[name] = snapshot[name];
    }
    const lookUps = snapshot.hits + snapshot.misses;
    hitRate.set(lookUps === 0 ? 0 : snapshot.hits / lookUps);
  };
}
