/** GET /metrics and /metrics/prometheus: the whole tree in Prometheus text. */

import { METRICS_DISABLED } from "../errors.ts";
import { reply } from "../reply.ts";
import type { Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function metricsHandler(services: HttpServices): Route["handle"] {
  if (!services.config.metrics.enabled) return () => METRICS_DISABLED;
  return async () => reply(200, PROMETHEUS_TYPE, await services.metricsText());
}
