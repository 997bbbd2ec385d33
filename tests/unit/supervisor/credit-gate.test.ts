/** Laws of credits. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { systemClock } from "../../../src/core/clock.ts";
import { CreditGate } from "../../../src/supervisor/credit-gate.ts";

const LONG_MS = 60_000;
const operations = fc.array(
  fc.oneof(
    fc.constant({ kind: "take" as const }),
    fc.constant({ kind: "wait" as const }),
    fc.record({ kind: fc.constant("give" as const), count: fc.integer({ min: 1, max: 5 }) }),
  ),
  { maxLength: 100 },
);

describe("credit gate", () => {
  test("keeps 0 <= in flight <= capacity and serves those who wait in order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), operations, (capacity, steps) => {
        const gate = new CreditGate(capacity, systemClock);
        const served: number[] = [];
        let waiters = 0;
        let inFlight = 0;
        for (const step of steps) {
          if (step.kind === "take") inFlight += gate.take() ? 1 : 0;
          else if (step.kind === "wait") {
            const number = waiters++;
            const granted = () => {
              inFlight++;
              served.push(number);
            };
            gate.wait({ granted, refused: () => {} }, LONG_MS);
          } else {
            const count = Math.min(step.count, inFlight);
            inFlight -= count;
            if (count > 0) gate.give(count);
          }
          expect(inFlight).toBe(capacity - gate.credits);
          expect(inFlight).toBeGreaterThanOrEqual(0);
          expect(inFlight).toBeLessThanOrEqual(capacity);
          expect(gate.credits === 0 || served.length === waiters).toBe(true);
        }
        gate.close();
        expect(served).toEqual(served.map((_, index) => index));
      }),
    );
  });

  test("never holds more credits than its capacity", () => {
    const gate = new CreditGate(2, systemClock);
    gate.give(5);
    expect(gate.credits).toBe(2);
  });

  test("tells everybody who waits when it closes, and everybody who comes later", () => {
    const gate = new CreditGate(1, systemClock);
    gate.take();
    const refusals: string[] = [];
    const waiter = { granted: () => {}, refused: (reason: string) => refusals.push(reason) };
    gate.wait(waiter, LONG_MS);
    gate.close();
    gate.wait(waiter, LONG_MS);
    expect({ refusals, credits: gate.credits }).toEqual({ refusals: ["peer_down", "peer_down"], credits: 0 });
  });

  test("lets a waiter go when its signal aborts", () => {
    const gate = new CreditGate(1, systemClock);
    gate.take();
    const refusals: string[] = [];
    const signal = new AbortController();
    gate.wait({ granted: () => {}, refused: (reason) => refusals.push(reason) }, LONG_MS, signal.signal);
    signal.abort();
    gate.give(1);
    expect({ refusals, credits: gate.credits }).toEqual({ refusals: ["timeout"], credits: 1 });
  });
});
