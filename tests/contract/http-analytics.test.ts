import { describe, expect, test } from "bun:test";
import { StoreUnavailableError } from "../../src/core/errors.ts";
import { answerOf, bodyOf } from "../support/answers.ts";
import { fakeHttp } from "../support/fakes/http-services.ts";

const KPI_TARGETS = { ctr_at_20: ">= 8%", avg_watch_time_sec: ">= 35", catalog_coverage_at_20: ">= 60%" };

test("GET /contract states targets and the limits in force", async () => {
  const http = fakeHttp({ ingest: { maxBatchSize: 7 } });
  expect(await answerOf(await http.get("/contract"))).toEqual({
    status: 200,
    body: {
      kpi_targets: KPI_TARGETS,
      sla_targets: { reco_p95_ms: 120, reco_p99_ms: 200, api_error_rate_pct: 1 },
      event_contract: { max_event_future_ms: 300_000, max_event_age_ms: 2_592_000_000, max_batch_size: 7 },
    } as object,
  });
});

test("GET /metrics/reco sums up the window of all workers", async () => {
  const http = fakeHttp();
  http.window = { statuses: [200, 500], latenciesMs: [10, 20] };
  expect(await answerOf(await http.get("/metrics/reco"))).toMatchObject({
    status: 200,
    body: { sample_size: 2, server_error_rate_pct: 50, latency_ms: { p50: 15 } } as object,
  });
});

describe("GET /analytics/baseline", () => {
  test("answers the last seven days unless told otherwise", async () => {
    const http = fakeHttp();
    await http.get("/analytics/baseline");
    const body = await bodyOf(await http.get("/analytics/baseline?days=30"));
    expect(http.days).toEqual([7, 30]);
    expect(body).toMatchObject({ kpi_targets: KPI_TARGETS } as object);
    expect(body.metrics).toMatchObject({ window_days: 30, avg_watch_time_sec: 35.123 });
  });

  test("is 503 database_unavailable when the store fails", async () => {
    const http = fakeHttp();
    http.store = () => Promise.reject(new StoreUnavailableError("connect", "no route to 10.0.0.7"));
    const response = await http.get("/analytics/baseline");
    expect(response.headers.has("Retry-After")).toBe(true);
    expect(await answerOf(response)).toMatchObject({
      status: 503,
      body: { error_code: "database_unavailable", detail: "Database unavailable" },
    });
  });
});

describe("GET /metrics", () => {
  test.each(["/metrics", "/metrics/prometheus"])("%s is the tree's Prometheus text", async (path) => {
    const response = await fakeHttp().get(path);
    expect(response.headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toBe("# HELP up Up.\n");
  });

  test("is 501 when metrics are switched off", async () => {
    const http = fakeHttp({ metrics: { enabled: false } });
    expect(await answerOf(await http.get("/metrics"))).toMatchObject({
      status: 501,
      body: { error_code: "metrics_unavailable", detail: "prometheus_client is not installed" },
    });
  });
});
