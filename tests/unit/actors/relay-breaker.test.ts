/** The relay's breaker: one probe per delay while the log is away. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RelayBreaker } from "../../../src/actors/relay-breaker.ts";
import { seededRandom } from "../../../src/core/random.ts";

describe("RelayBreaker", () => {
  test("opens at the first round in which nothing came through, and closes at the first success", () => {
    const breaker = new RelayBreaker(seededRandom(1));

    const transitions = [false, true, true, false, false].map((isDown) => breaker.record(isDown, 0));

    expect(transitions).toEqual([null, "open", null, "closed", null]);
    expect(breaker.waitMs(0)).toBe(0);
  });

  test("never makes the next probe wait longer than 10 s, and always at least half a second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer(), (failures, seed) => {
        const breaker = new RelayBreaker(seededRandom(seed));
        for (let count = 0; count < failures; count++) breaker.record(true, 1000);

        expect(breaker.waitMs(1000)).toBeGreaterThanOrEqual(500);
        expect(breaker.waitMs(1000)).toBeLessThanOrEqual(10_000);
        expect(breaker.waitMs(11_001)).toBe(0);
      }),
    );
  });
});
