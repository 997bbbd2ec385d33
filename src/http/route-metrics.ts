/** Counts every answer by route template, method and status, with handles bound once. */

import type { Counter, Histogram, Metrics } from "../telemetry/metrics-types.ts";

export type CountAnswer = (method: string, status: number, elapsedMs: number) => void;

/** Methods that are counted by name; the rest share one label. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

interface MethodHandles {
  readonly latency: Histogram;
  readonly byStatus: Map<number, Counter>;
}

export function bindRouteMetrics(metrics: Metrics, path: string): CountAnswer {
  const byMethod = new Map<string, MethodHandles>();
  return (given, status, elapsedMs) => {
    const method = METHODS.has(given) ? given : "other";
    let handles = byMethod.get(method);
    if (handles === undefined) {
      handles = {
        latency: metrics.histogram("ds_api_request_latency_seconds", { path, method }),
        byStatus: new Map(),
      };
      byMethod.set(method, handles);
    }
    let counter = handles.byStatus.get(status);
    if (counter === undefined) {
      counter = metrics.counter("ds_api_requests_total", { path, method, status: String(status) });
      handles.byStatus.set(status, counter);
    }
    counter.inc();
    handles.latency.observe(elapsedMs / 1000);
  };
}
