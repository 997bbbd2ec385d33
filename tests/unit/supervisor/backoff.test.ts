/** Laws and examples of the restart delay. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { restartDelayMs, worstDelaysMs } from "../../../src/supervisor/backoff.ts";

const DEFAULT = { minMs: 200, maxMs: 10_000, jitter: 0.2, resetAfterMs: 10_000 };

describe("restart delay", () => {
  test("doubles from the shortest to the longest", () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) =>
      restartDelayMs(attempt, { ...DEFAULT, jitter: 0 }, 0.5),
    );
    expect(delays).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  test("the first five take at most 7.44 s", () => {
    expect(worstDelaysMs(5, DEFAULT)).toBeCloseTo(7_440);
  });

  test("stays within its jitter around the doubled delay", () => {
    const backoffs = fc.record({
      minMs: fc.integer({ min: 1, max: 5_000 }),
      maxMs: fc.integer({ min: 5_000, max: 100_000 }),
      jitter: fc.double({ min: 0, max: 0.99, noNaN: true }),
    });
    const rolls = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(1_000), backoffs, rolls, (attempt, backoff, roll) => {
        const middleMs = Math.min(backoff.minMs * 2 ** Math.min(attempt, 30), backoff.maxMs);
        const delayMs = restartDelayMs(attempt, backoff, roll);
        expect(delayMs).toBeGreaterThanOrEqual(middleMs * (1 - backoff.jitter) - 1e-6);
        expect(delayMs).toBeLessThanOrEqual(middleMs * (1 + backoff.jitter) + 1e-6);
      }),
    );
  });
});
