import { describe, expect, test } from "bun:test";
import type { HealthView } from "../../src/http/services.ts";
import { answerOf } from "../support/answers.ts";
import { fakeHttp } from "../support/fakes/http-services.ts";

function withHealth(overrides: Partial<HealthView>) {
  const http = fakeHttp();
  http.health = { ...http.health, ...overrides };
  return http;
}
const cacheOf = (overrides: Partial<HealthView["cache"]>) => ({ ...fakeHttp().health.cache, ...overrides });

const OUTBOX = { pending: 1, publishing: 2, published: 3, dead: 4, oldest_lag_ms: 5 };

describe("GET /livez", () => {
  test("is alive whatever the dependencies do", async () => {
    const http = withHealth({ db: false, draining: true });
    expect(await answerOf(await http.get("/livez"))).toEqual({
      status: 200,
      body: { status: "ok", event_loop_lag_ms: 0.5, uptime_sec: 12.346 } as object,
    });
  });

  test("is 503 when the event loop stalls", async () => {
    const response = await withHealth({ eventLoopLagMs: 10_001 }).get("/livez");
    expect(response.headers.has("Retry-After")).toBe(true);
    expect(await answerOf(response)).toMatchObject({ status: 503, body: { error_code: "not_ready" } });
  });
});

describe("GET /startupz", () => {
  test.each([
    [true, 200],
    [false, 503],
  ])("started %p answers %d", async (started, status) => {
    expect((await withHealth({ started }).get("/startupz")).status).toBe(status);
  });
});

describe("GET /healthz", () => {
  test("shows checks, backbone and cache", async () => {
    const http = fakeHttp();
    expect(await answerOf(await http.get("/healthz"))).toEqual({
      status: 200,
      body: {
        status: "ok",
        checks: { db: true, online_cache: true },
        event_backbone: { mode: "transactional_outbox", outbox: OUTBOX },
        online_cache: http.health.cache,
      } as object,
    });
  });

  test("stays 200 when the store is away, without an outbox", async () => {
    const answer = await answerOf(await withHealth({ db: false }).get("/healthz"));
    expect(answer).toMatchObject({
      status: 200,
      body: { status: "ok", checks: { db: false }, event_backbone: { outbox: null } },
    });
  });

  test("shows why a snapshot failed", async () => {
    const outbox = { error: "StoreUnavailableError: late" };
    const answer = await answerOf(await withHealth({ outbox }).get("/healthz"));
    expect(answer).toMatchObject({ body: { event_backbone: { outbox } } });
  });
});

describe("GET /readyz", () => {
  test("has ready instead of status", async () => {
    const { status, body } = await answerOf(await fakeHttp().get("/readyz"));
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(["checks", "event_backbone", "online_cache", "ready"]);
  });

  test.each([
    ["the store is away", { db: false }],
    ["the schema is unknown", { schemaKnown: false }],
    ["the cache is not ready", { cache: cacheOf({ ready: false }) }],
    ["it drains", { draining: true }],
  ])("is 503 with the payload as detail when %s", async (_when, health) => {
    const answer = await answerOf(await withHealth(health).get("/readyz"));
    expect(answer).toMatchObject({
      status: 503,
      body: {
        error_code: "not_ready",
        detail: { ready: false, event_backbone: { mode: "transactional_outbox" } },
      },
    });
  });

  test("capability=serve needs no store and lists what is missing", async () => {
    const answer = await answerOf(await withHealth({ db: false }).get("/readyz?capability=serve"));
    expect(answer).toMatchObject({ status: 200, body: { ready: true, degraded: ["db"] } });
  });

  test.each([
    ["serve", { draining: true }],
    ["serve", { started: false }],
    ["ingest", { db: false }],
    ["ingest", { schemaKnown: false }],
    ["ingest", { draining: true }],
  ])("capability=%s is 503 with %j", async (capability, health) => {
    expect((await withHealth(health).get(`/readyz?capability=${capability}`)).status).toBe(503);
  });

  test("capability=ingest does without the cache", async () => {
    const http = withHealth({ cache: cacheOf({ ready: false }) });
    expect((await http.get("/readyz?capability=ingest")).status).toBe(200);
  });
});

describe("GET /health and /ready", () => {
  test("health is ok with everything up", async () => {
    expect(await answerOf(await fakeHttp().get("/health"))).toEqual({
      status: 200,
      body: {
        status: "ok",
        service: "alive",
        cache: "enabled",
        models_loaded: true,
        checks: { redis: true, models: true },
      } as object,
    });
  });

  test.each([
    ["database unavailable", { db: false }],
    ["online cache unavailable", { cache: cacheOf({ ready: false }) }],
  ])("health is 200 and degraded: %s", async (error, health) => {
    const answer = await answerOf(await withHealth(health).get("/health"));
    expect(answer).toMatchObject({ status: 200, body: { status: "degraded", error } });
  });

  test("ready names the built-in policy", async () => {
    expect(await answerOf(await fakeHttp().get("/ready"))).toEqual({
      status: 200,
      body: { status: "ok", service: "ready", model: "rules-v1", policy_path: "builtin:rules-v1" } as object,
    });
  });

  test("ready is a flat 503 while draining", async () => {
    const response = await withHealth({ draining: true }).get("/ready");
    expect(response.headers.has("Retry-After")).toBe(true);
    expect(await answerOf(response)).toEqual({
      status: 503,
      body: { status: "degraded", service: "not_ready", model: null, policy_path: null } as object,
    });
  });
});
