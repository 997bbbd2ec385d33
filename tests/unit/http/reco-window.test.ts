/** Which `/reco` calls the window holds. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { createRecoSamples, mergeSamples, type RecoSampleSet } from "../../../src/http/reco-window.ts";

function createClock() {
  let nowMs = 1_000_000;
  const clock: Clock = { ...systemClock, nowMs: () => nowMs };
  return {
    clock,
    advance(ms: number) {
      nowMs += ms;
    },
  };
}

const limits = (metricsWindowSec: number, metricsMaxSamples: number) => ({
  metricsWindowSec,
  metricsMaxSamples,
});

describe("samples of one worker", () => {
  test("come back oldest first", () => {
    const samples = createRecoSamples(limits(60, 10), createClock().clock);
    samples.record(200, 1.5);
    samples.record(503, 2.5);
    const { statuses, latenciesMs } = samples.window();
    expect([...statuses]).toEqual([200, 503]);
    expect([...latenciesMs]).toEqual([1.5, 2.5]);
  });

  test("leave when they are older than the window", () => {
    const { clock, advance } = createClock();
    const samples = createRecoSamples(limits(60, 10), clock);
    samples.record(200, 1);
    advance(60_001);
    samples.record(200, 2);
    expect([...samples.window().latenciesMs]).toEqual([2]);
  });

  test("whatever is recorded when, the window holds the newest of those young enough", () => {
    const call = fc.record({ waitMs: fc.nat(3000), latencyMs: fc.nat(500) });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 80 }), fc.integer({ min: 1, max: 40 }), (calls, maxSamples) => {
        const { clock, advance } = createClock();
        const samples = createRecoSamples(limits(20, maxSamples), clock);
        const all: { atMs: number; latencyMs: number }[] = [];
        for (const { waitMs, latencyMs } of calls) {
          advance(waitMs);
          samples.record(200, latencyMs);
          all.push({ atMs: clock.nowMs(), latencyMs });
        }
        const young = all.filter(({ atMs }) => atMs >= clock.nowMs() - 20_000);
        const expected = young.slice(-maxSamples).map(({ latencyMs }) => latencyMs);
        expect([...samples.window().latenciesMs]).toEqual(expected);
      }),
    );
  });

  test("outgrow the first ring without losing any", () => {
    const samples = createRecoSamples(limits(60, 5000), createClock().clock);
    for (let index = 0; index < 6000; index++) samples.record(200, index);
    const { latenciesMs } = samples.window();
    expect([latenciesMs.length, latenciesMs[0], latenciesMs.at(-1)]).toEqual([5000, 1000, 5999]);
  });
});

describe("samples of all workers", () => {
  const set = (...atMs: number[]): RecoSampleSet => ({
    atMs: Float64Array.from(atMs),
    statuses: Uint16Array.from(atMs, () => 200),
    latenciesMs: Float64Array.from(atMs),
  });

  test("are added up", () => {
    expect(mergeSamples([set(1, 3), set(2)], limits(60, 10)).latenciesMs).toEqual([1, 3, 2]);
  });

  test("are limited together, the oldest leaving first", () => {
    expect(mergeSamples([set(1, 3, 5), set(2, 4)], limits(60, 3)).latenciesMs).toEqual([3, 5, 4]);
  });

  test("are limited also when all have the same time", () => {
    expect(mergeSamples([set(7, 7), set(7, 7)], limits(60, 3)).statuses).toHaveLength(3);
  });
});
