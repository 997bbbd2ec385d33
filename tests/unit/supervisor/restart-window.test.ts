/** Laws and examples of the restart window. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type RestartWindow, recordRestart, windowLimits } from "../../../src/supervisor/restart-window.ts";
import { aChild } from "../../support/child-specs.ts";

/** Whether each restart exceeded the limits. */
function verdicts(timesMs: readonly number[], limits: { intensity: number; periodMs: number }): boolean[] {
  let window: RestartWindow = [];
  return timesMs.map((atMs) => {
    const recorded = recordRestart(window, atMs, limits);
    window = recorded.window;
    return recorded.exceeded;
  });
}

describe("restart window", () => {
  test("the sixth restart in a minute is one too many", () => {
    const times = [0, 1, 2, 3, 4, 5].map((n) => n * 12_000);
    expect(verdicts(times, { intensity: 5, periodMs: 60_000 })).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  test("restarts older than the period are forgotten", () => {
    const times = [0, 1, 2, 3, 4, 5].map((n) => n * 12_001);
    expect(verdicts(times, { intensity: 5, periodMs: 60_000 })).not.toContain(true);
  });

  test("exceeds exactly when more than intensity restarts lie within the period", () => {
    const gaps = fc.array(fc.nat(30), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.nat(6), fc.integer({ min: 1, max: 100 }), (gapsMs, intensity, periodMs) => {
        let nowMs = 0;
        const times = gapsMs.map((gapMs) => {
          nowMs += gapMs;
          return nowMs;
        });
        const expected = times.map(
          (atMs, index) =>
            times.slice(0, index + 1).filter((earlier) => atMs - earlier <= periodMs).length > intensity,
        );
        expect(verdicts(times, { intensity, periodMs })).toEqual(expected);
      }),
    );
  });

  test("is as long as the worst case of a child that starts slowly", () => {
    const backoff = { minMs: 200, maxMs: 10_000, jitter: 0.2, resetAfterMs: 10_000 };
    const limits = { intensity: 5, periodMs: 60_000 };
    const usual = aChild("usual", "inline", { backoff, startTimeoutMs: 5_000 });
    const slow = aChild("slow", "inline", { backoff, startTimeoutMs: 60_000 });
    expect(windowLimits(usual, limits)).toEqual(limits);
    expect(windowLimits(slow, limits).periodMs).toBeCloseTo(7_440 + 5 * 62_000);
  });
});
