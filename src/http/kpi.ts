/** The targets reco is measured against, and the figures it is measured by. */

import type { Config } from "../config/config.ts";
import { round3 } from "./reply.ts";
import type { RecoWindow } from "./services.ts";

export const KPI_TARGETS = {
  ctr_at_20: ">= 8%",
  avg_watch_time_sec: ">= 35",
  catalog_coverage_at_20: ">= 60%",
};
export const SLA_TARGETS = { reco_p95_ms: 120, reco_p99_ms: 200, api_error_rate_pct: 1.0 };

/** Body of GET /metrics/reco. Latencies in ms, rates in percent. */
export function summarize(
  window: RecoWindow,
  { metricsWindowSec }: Pick<Config["reco"], "metricsWindowSec">,
) {
  const total = window.statuses.length;
  const family = (hundreds: number) =>
    window.statuses.filter((status) => Math.floor(status / 100) === hundreds).length;
  const [ok, client, server] = [family(2), family(4), family(5)];
  const sorted = Float64Array.from(window.latenciesMs).sort();
  const p95 = percentile(sorted, 0.95);
  const p99 = percentile(sorted, 0.99);
  return {
    window_sec: metricsWindowSec,
    sample_size: total,
    status_counts: { "2xx": ok, "4xx": client, "5xx": server },
    error_rate_pct: share(client + server, total),
    server_error_rate_pct: share(server, total),
    latency_ms: { p50: percentile(sorted, 0.5), p95, p99 },
    sla: {
      target_p95_ms: SLA_TARGETS.reco_p95_ms,
      target_p99_ms: SLA_TARGETS.reco_p99_ms,
      p95_met: p95 === null || p95 <= SLA_TARGETS.reco_p95_ms,
      p99_met: p99 === null || p99 <= SLA_TARGETS.reco_p99_ms,
    },
  };
}

/** Linear interpolation at index (n-1)*q of rising values; null without values. */
export function percentile(sorted: Float64Array, q: number): number | null {
  if (sorted.length === 0) return null;
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return round3(low + (high - low) * (at - Math.floor(at)));
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : round3((part / whole) * 100));
