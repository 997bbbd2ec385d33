/** Decayed popularity on its log scale. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DECAY_EPOCH_MS, decayedScores, MS_PER_HOUR } from "../../../src/events/fold-decay.ts";
import { anInteraction } from "../../support/fold-stories.ts";

const HALF_LIFE_H = 10;
const at = (hours: number) => DECAY_EPOCH_MS + hours * MS_PER_HOUR;
const score = (events: Parameters<typeof decayedScores>[0]) => decayedScores(events, HALF_LIFE_H).get("a");

describe("decayed popularity", () => {
  test("is the logarithm of the weight at the epoch, and one more each half-life", () => {
    expect(score([anInteraction({ tsMs: at(0), signal: "view" })])).toBe(0);
    expect(score([anInteraction({ tsMs: at(0), signal: "click" })])).toBe(Math.log2(3));
    expect(score([anInteraction({ tsMs: at(20) })])).toBe(2);
    expect(score([anInteraction({ tsMs: at(-10) })])).toBe(-1);
  });

  test("two signals a half-life ago weigh as one now", () => {
    const old = anInteraction({ tsMs: at(10) });
    expect(score([old, old])).toBe(score([anInteraction({ tsMs: at(20) })]) as number);
  });

  test("bears times that no power of two could hold", () => {
    const far = 1e5;
    expect(score([anInteraction({ tsMs: at(-far) }), anInteraction({ tsMs: at(far) })])).toBe(
      far / HALF_LIFE_H,
    );
  });

  test("is the same in any order, but for rounding", () => {
    const event = fc
      .record({
        hours: fc.integer({ min: -500, max: 500 }),
        signal: fc.constantFrom("view", "click", "purchase"),
      })
      .map(({ hours, signal }) => anInteraction({ tsMs: at(hours), signal }));
    const shuffled = fc
      .array(event, { minLength: 1, maxLength: 50 })
      .chain((events) =>
        fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
      );
    fc.assert(
      fc.property(shuffled, ([events, others]) => {
        expect(score(others)).toBeCloseTo(score(events) as number, 9);
      }),
    );
  });
});
