/** Retry delays: the documented series, and bounds that hold for every attempt. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../../src/core/random.ts";
import { exponentialDelay, fullJitterMs, jittered } from "../../../src/core/retry-delay.ts";

describe("exponentialDelay", () => {
  test("doubles from the base up to the maximum", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => exponentialDelay(attempt, 1, 60))).toEqual([
      1, 2, 4, 8, 16, 32, 60, 60,
    ]);
  });

  test("never falls with the attempt and never leaves [base, max]", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        (attempt, base) => {
          const delay = exponentialDelay(attempt, base, 1000);
          expect(delay).toBeGreaterThanOrEqual(base);
          expect(delay).toBeLessThanOrEqual(exponentialDelay(attempt + 1, base, 1000));
          expect(delay).toBeLessThanOrEqual(1000);
        },
      ),
    );
  });
});

describe("fullJitterMs", () => {
  test("stays between the floor and the maximum for every attempt and every draw", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer(), (attempt, seed) => {
        const delayMs = fullJitterMs(attempt, 200, 30_000, seededRandom(seed));
        expect(delayMs).toBeGreaterThanOrEqual(200);
        expect(delayMs).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});

describe("jittered", () => {
  test("stays within the share around the value", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const ms = jittered(500, 0.2, seededRandom(seed));
        expect(ms).toBeGreaterThanOrEqual(400);
        expect(ms).toBeLessThanOrEqual(600);
      }),
    );
  });
});
