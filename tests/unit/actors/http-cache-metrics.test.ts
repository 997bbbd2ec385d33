/** How the cache's own counts reach the metrics. */

import { expect, test } from "bun:test";
import { exportCache } from "../../../src/actors/http-cache-metrics.ts";
import type { CacheSnapshot } from "../../../src/http/services.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";

const snapshot = (hits: number, misses: number, errors: number): CacheSnapshot => ({
  enabled: true,
  configured_backend: "memory",
  active_backend: "memory",
  ready: true,
  strict_backend: false,
  redis_client_available: false,
  hits,
  misses,
  errors,
  size: 0,
  last_error: null,
});

test("totals are exported once, however often they are read", () => {
  const metrics = createMetrics();
  let current = snapshot(3, 1, 0);
  const refresh = exportCache(metrics, () => current);
  refresh();
  refresh();
  current = snapshot(6, 2, 1);
  refresh();
  const found = metrics.snapshot().series.filter(({ name }) => name.startsWith("cache_"));
  expect(found.map(({ labels, values }) => [labels["status"], values[0]])).toEqual([
    ["hit", 6],
    ["miss", 2],
    ["error", 1],
    [undefined, 0.75],
  ]);
});
