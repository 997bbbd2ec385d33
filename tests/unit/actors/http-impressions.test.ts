/** How an http worker gets impressions stored, and that each one is counted once. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createImpressionLog, type ImpressionLogPorts } from "../../../src/actors/http-impressions.ts";
import { type ImpressionMessage, ImpressionWriter } from "../../../src/actors/writer.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import type { ImpressionEvent } from "../../../src/events/model.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import type { Labels } from "../../../src/telemetry/metrics-types.ts";
import { type LogLine, recordingLog, testConfig } from "../../support/fakes/http-services.ts";
import { manualClock, settled } from "../../support/manual-clock.ts";
import { aPeerLane } from "../../support/peer-lane.ts";
import { anImpressionEvent } from "../../support/plans.ts";

const BUDGET_MS = 250;

interface Options {
  readonly async?: boolean;
  readonly mode?: "sync" | "drop";
  readonly capacity?: number;
  readonly storeInline?: ImpressionLogPorts["storeInline"];
}

function anImpressionLog({ async = true, mode = "sync", capacity = 1, storeInline }: Options = {}) {
  const clock = manualClock();
  const metrics = createMetrics();
  const lines: LogLine[] = [];
  const inline: ImpressionEvent[] = [];
  const lane = aPeerLane<ImpressionMessage>({ capacity, overflow: mode }, clock);
  const impressions = createImpressionLog({
    settings: { asyncImpressionLogging: async, backpressureMode: mode },
    writer: lane.peer,
    storeInline: storeInline ?? (async (event) => void inline.push(event)),
    clock,
    metrics,
    log: recordingLog(lines),
  });
  const value = (name: string, labels: Labels) =>
    metrics
      .snapshot()
      .series.find((series) => series.name === name && Bun.deepEquals(series.labels, labels))
      ?.values.at(-1) ?? 0;
  /** Records an impression under a request deadline; `done` tells whether that returned. */
  const record = (eventId: string) => {
    const recording = { done: false };
    void impressions
      .record(anImpressionEvent({ eventId }), Deadline.after(BUDGET_MS, clock))
      .then(() => Object.assign(recording, { done: true }));
    return recording;
  };
  return {
    clock,
    lines,
    lane,
    record,
    handedOver: () => lane.taken.map(({ event }) => event.eventId as string),
    inline: () => inline.map(({ eventId }) => eventId as string),
    outcomes: (outcome: string) => value("reco_impression_log_total", { outcome }),
    stage: (stage: string) => value("reco_stage_latency_ms", { stage }),
  };
}

describe("in the background", () => {
  test("the answer does not wait for what was handed over", async () => {
    const log = anImpressionLog();
    const recording = log.record("imp-1");
    await settled();
    expect({ ...recording, handedOver: log.handedOver() }).toEqual({ done: true, handedOver: ["imp-1"] });
    expect([log.stage("impression_schedule"), log.stage("impression_log")]).toEqual([1, 0]);
  });

  test("without a credit in mode sync the answer waits until one comes back", async () => {
    const log = anImpressionLog();
    log.record("imp-1");
    const parked = log.record("imp-2");
    await log.clock.advance(BUDGET_MS - 1);
    expect(parked.done).toBe(false);
    log.lane.giveBack(1);
    await settled();
    expect({ ...parked, handedOver: log.handedOver() }).toEqual({
      done: true,
      handedOver: ["imp-1", "imp-2"],
    });
    expect([log.stage("impression_backpressure_sync"), log.outcomes("dropped")]).toEqual([1, 0]);
  });

  test("without a credit in mode sync it waits no longer than the request's deadline", async () => {
    const log = anImpressionLog();
    log.record("imp-1");
    const parked = log.record("imp-2");
    await log.clock.advance(BUDGET_MS);
    log.lane.giveBack(1);
    await settled();
    expect({ ...parked, handedOver: log.handedOver() }).toEqual({ done: true, handedOver: ["imp-1"] });
    expect(log.outcomes("dropped")).toBe(1);
    expect(log.lines).toMatchObject([
      { level: "warn", event: "impression.dropped", fields: { reason: "timeout" } },
    ]);
  });

  test("without a credit in mode drop it is dropped and counted at once", async () => {
    const log = anImpressionLog({ mode: "drop" });
    log.record("imp-1");
    const dropped = log.record("imp-2");
    await settled();
    expect({ ...dropped, handedOver: log.handedOver() }).toEqual({ done: true, handedOver: ["imp-1"] });
    expect([log.outcomes("dropped"), log.stage("impression_drop")]).toEqual([1, 1]);
    expect(log.lines).toMatchObject([
      { level: "warn", event: "impression.dropped", fields: { reason: "full" } },
    ]);
  });

  test("while the writer is away the worker stores it itself", async () => {
    const log = anImpressionLog();
    log.lane.end();
    const recording = log.record("imp-1");
    await settled();
    expect({ ...recording, inline: log.inline() }).toEqual({ done: true, inline: ["imp-1"] });
    expect([log.stage("impression_log"), log.stage("impression_backpressure_sync")]).toEqual([1, 0]);
  });

  test("what waits for a credit of a writer that dies is stored by the worker", async () => {
    const log = anImpressionLog();
    log.record("imp-1");
    log.record("imp-2");
    log.lane.end();
    await settled();
    expect([log.inline(), log.outcomes("dropped")]).toEqual([["imp-2"], 0]);
  });

  test("in mode drop no answer waits for a worker's own store either", async () => {
    const log = anImpressionLog({ mode: "drop" });
    log.lane.end();
    log.record("imp-1");
    await settled();
    expect([log.inline(), log.outcomes("dropped")]).toEqual([[], 1]);
  });
});

describe("before the answer", () => {
  test("the answer waits until the impression is stored, and the writer gets nothing", async () => {
    const stored = Promise.withResolvers<void>();
    const log = anImpressionLog({ async: false, storeInline: () => stored.promise });
    const recording = log.record("imp-1");
    await settled();
    expect({ ...recording, handedOver: log.handedOver() }).toEqual({ done: false, handedOver: [] });
    stored.resolve();
    await settled();
    expect(recording.done).toBe(true);
  });

  test("a failure is swallowed, logged and counted once", async () => {
    const log = anImpressionLog({ async: false, storeInline: () => Promise.reject(new Error("a bug")) });
    const recording = log.record("imp-1");
    await settled();
    expect({ ...recording, failed: log.outcomes("failed") }).toEqual({ done: true, failed: 1 });
    expect(log.lines).toMatchObject([{ event: "impression.failed", fields: { error: "a bug" } }]);
  });
});

const answers = fc.constantFrom("accepted", "duplicate", "conflict", "unavailable", "late", "too_large");

test("every impression is counted exactly once, whatever becomes of it", async () => {
  const world = {
    async: fc.boolean(),
    mode: fc.constantFrom("sync" as const, "drop" as const),
    capacity: fc.integer({ min: 1, max: 3 }),
    writerDiesAfter: fc.option(fc.nat(10), { nil: null }),
    stored: fc.array(answers, { minLength: 1, maxLength: 20 }),
  };
  await fc.assert(
    fc.asyncProperty(fc.record(world), async ({ stored, writerDiesAfter, ...options }) => {
      const { total, failedLines } = await countedAfter(stored, writerDiesAfter, options);
      expect(total).toBe(stored.length);
      expect(failedLines.lines).toBe(failedLines.failed);
    }),
    { numRuns: 60 },
  );
});

type Answer = typeof answers extends fc.Arbitrary<infer T> ? T : never;

/** Records an impression for each entry, lets the store answer as listed, and sums the outcomes up. */
async function countedAfter(
  stored: readonly Answer[],
  writerDiesAfter: number | null,
  options: Required<Pick<Options, "async" | "mode" | "capacity">>,
) {
  const clock = manualClock();
  const metrics = createMetrics();
  const lines: LogLine[] = [];
  const defaults = testConfig();
  const writer = new ImpressionWriter({
    config: { ...defaults, ingest: { ...defaults.ingest, maxEventBytes: 1_000 } },
    clock,
    metrics,
    log: recordingLog(lines),
    onOutbox: () => {},
    store: {
      async accept(plans) {
        await clock.sleep(10);
        const wanted = plans.map(({ event }) => stored[Number(event.eventId.slice(4))] as Answer);
        if (wanted.includes("late")) await clock.sleep(60_000);
        if (wanted.includes("unavailable")) throw new StoreUnavailableError("connect", "gone");
        const changed = { userIds: [], itemIds: [], relatedItemIds: [], ruleItemIds: [], eventIds: [] };
        return { outcomes: wanted as ("accepted" | "duplicate" | "conflict")[], changed };
      },
    },
  });
  const lane = aPeerLane<ImpressionMessage>(
    { capacity: options.capacity, overflow: options.mode },
    clock,
    ({ event }) => void writer.write(event, Deadline.after(5_000, clock)).then(() => lane.giveBack(1)),
  );
  const impressions = createImpressionLog({
    settings: { asyncImpressionLogging: options.async, backpressureMode: options.mode },
    writer: lane.peer,
    storeInline: (event, deadline) => writer.write(event, deadline),
    clock,
    metrics,
    log: recordingLog(lines),
  });
  const recordings = stored.map(async (answer, index) => {
    if (index === writerDiesAfter) lane.end();
    const context = answer === "too_large" ? { user_agent: "x".repeat(2_000) } : null;
    const event = anImpressionEvent({ eventId: `imp-${index}`, context });
    await impressions.record(event, Deadline.after(BUDGET_MS, clock));
  });
  await clock.advance(70_000);
  await Promise.all(recordings);
  const series = metrics.snapshot().series.filter(({ name }) => name === "reco_impression_log_total");
  return {
    total: series.reduce((sum, { values }) => sum + (values[0] ?? 0), 0),
    failedLines: {
      failed: series.find(({ labels }) => labels["outcome"] === "failed")?.values[0] ?? 0,
      lines: lines.filter(({ event }) => event === "impression.failed").length,
    },
  };
}
