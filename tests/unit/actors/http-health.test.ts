/** What health routes are told, and how soon. */

import { describe, expect, test } from "bun:test";
import { HealthMonitor } from "../../../src/actors/http-health.ts";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import type { OutboxSnapshot } from "../../../src/events/ports.ts";
import type { CacheSnapshot } from "../../../src/http/services.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import type { Labels } from "../../../src/telemetry/metrics-types.ts";
import { manualClock } from "../../support/manual-clock.ts";

const SECOND_MS = 1_000;
const EMPTY: OutboxSnapshot = { pending: 0, publishing: 0, published: 0, dead: 0, oldestLagMs: 0 };
const CACHE: CacheSnapshot = {
  enabled: true,
  configured_backend: "memory",
  active_backend: "memory",
  ready: true,
  strict_backend: false,
  redis_client_available: false,
  hits: 0,
  misses: 0,
  errors: 0,
  size: 0,
  last_error: null,
};

/** A monitor on a world that a test changes as it goes; `reads` counts snapshots of the outbox. */
function aHealthMonitor() {
  const clock = manualClock();
  const metrics = createMetrics();
  const world = {
    db: true,
    schema: true as boolean | Error,
    outbox: EMPTY as OutboxSnapshot | Error,
    pingMs: 0,
    reads: 0,
    loopLagMs: 1.5,
  };
  const health = new HealthMonitor({
    clock,
    metrics,
    async ping() {
      if (world.pingMs > 0) await clock.sleep(world.pingMs);
      return world.db;
    },
    async schemaKnown() {
      if (world.schema instanceof Error) throw world.schema;
      return world.schema;
    },
    async readOutbox() {
      world.reads++;
      if (world.outbox instanceof Error) throw world.outbox;
      return world.outbox;
    },
    cache: () => CACHE,
    loopLagMs: () => world.loopLagMs,
  });
  const gauge = (name: string, labels: Labels = {}) =>
    metrics.snapshot().series.find((series) => series.name === name && Bun.deepEquals(series.labels, labels))
      ?.values[0];
  return { clock, world, health, gauge };
}

describe("health view", () => {
  test("is red before the first check", () => {
    const { health } = aHealthMonitor();
    expect(health.view()).toMatchObject({ db: false, schemaKnown: false, started: false, outbox: null });
  });

  test("is whole once the monitor has started", async () => {
    const { health, clock } = aHealthMonitor();
    await health.start();
    health.markStarted();
    await clock.advance(400);
    expect(health.view()).toEqual({
      db: true,
      schemaKnown: true,
      started: true,
      draining: false,
      eventLoopLagMs: 1.5,
      uptimeMs: 400,
      outbox: EMPTY,
      cache: CACHE,
    });
  });

  test("turns red within a check after the store went, and green after it came back", async () => {
    const { health, clock, world } = aHealthMonitor();
    await health.start();
    world.db = false;
    await clock.advance(SECOND_MS);
    expect(health.view()).toMatchObject({ db: false, outbox: null });
    world.db = true;
    await clock.advance(SECOND_MS);
    expect(health.view()).toMatchObject({ db: true, outbox: EMPTY });
  });

  test("the schema counts as unknown until a check finds it, and as known from then on", async () => {
    const { health, clock, world } = aHealthMonitor();
    world.schema = new StoreUnavailableError("timeout", "late");
    await health.start();
    expect(health.view()).toMatchObject({ db: true, schemaKnown: false, outbox: null });
    world.schema = false;
    await clock.advance(SECOND_MS);
    expect(health.view().schemaKnown).toBe(false);
    world.schema = true;
    await clock.advance(SECOND_MS);
    expect(health.view().schemaKnown).toBe(true);
    world.schema = false;
    await clock.advance(SECOND_MS);
    expect(health.view().schemaKnown).toBe(true);
  });

  test("says why the outbox could not be read, and stays ready", async () => {
    const { health, world } = aHealthMonitor();
    world.outbox = new StoreUnavailableError("timeout", "too slow");
    await health.start();
    expect(health.view()).toMatchObject({ db: true, outbox: { error: "StoreUnavailableError: too slow" } });
  });

  test("draining is said, and takes nothing else back", async () => {
    const { health } = aHealthMonitor();
    await health.start();
    health.markStarted();
    health.markDraining();
    expect(health.view()).toMatchObject({ draining: true, started: true, db: true });
  });
});

describe("the outbox", () => {
  test("is read once a second", async () => {
    const { health, clock, world } = aHealthMonitor();
    await health.start();
    await clock.advance(5 * SECOND_MS);
    expect(world.reads).toBe(6);
  });

  test("is read every 10 s while its backlog is large, and once a second after that", async () => {
    const { health, clock, world } = aHealthMonitor();
    world.outbox = { ...EMPTY, pending: 100_001 };
    await health.start();
    await clock.advance(9 * SECOND_MS);
    expect(world.reads).toBe(1);
    world.outbox = EMPTY;
    await clock.advance(SECOND_MS);
    expect({ reads: world.reads, outbox: health.view().outbox }).toEqual({ reads: 2, outbox: EMPTY });
    await clock.advance(SECOND_MS);
    expect(world.reads).toBe(3);
  });

  test("is not read more often when a large backlog takes too long to count", async () => {
    const { health, clock, world } = aHealthMonitor();
    world.outbox = { ...EMPTY, pending: 100_001 };
    await health.start();
    world.outbox = new StoreUnavailableError("timeout", "too slow");
    await clock.advance(10 * SECOND_MS);
    expect(world.reads).toBe(2);
    await clock.advance(9 * SECOND_MS);
    expect(world.reads).toBe(2);
  });

  test("is left alone once the monitor is closed", async () => {
    const { health, clock, world } = aHealthMonitor();
    await health.start();
    health[Symbol.dispose]();
    await clock.advance(5 * SECOND_MS);
    expect({ reads: world.reads, timers: clock.pendingTimers() }).toEqual({ reads: 1, timers: 0 });
  });
});

test("a check that is under way when the monitor is closed is the last one", async () => {
  const { health, clock, world } = aHealthMonitor();
  await health.start();
  world.pingMs = 100;
  await clock.advance(SECOND_MS);
  health[Symbol.dispose]();
  await clock.advance(SECOND_MS);
  expect({ reads: world.reads, timers: clock.pendingTimers() }).toEqual({ reads: 2, timers: 0 });
});

test("gauges say what the view says", async () => {
  const { health, clock, world, gauge } = aHealthMonitor();
  world.outbox = { pending: 5, publishing: 2, published: 90, dead: 1, oldestLagMs: 750 };
  await health.start();
  const check = (scope: string) => gauge("reco_api_check_status", { scope, check: "db" });
  expect([check("readyz"), check("healthz")]).toEqual([1, 1]);
  const backlog = ["pending", "publishing", "dead"].map((status) =>
    gauge("reco_outbox_backlog_events", { status }),
  );
  expect([...backlog, gauge("reco_outbox_backlog_oldest_lag_ms")]).toEqual([5, 2, 1, 750]);
  world.db = false;
  await clock.advance(SECOND_MS);
  expect([check("readyz"), check("healthz")]).toEqual([0, 0]);
});
