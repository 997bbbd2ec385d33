import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isInRollout, rolloutShare } from "../../../src/recommend/rollout.ts";

describe("rollout", () => {
  test("is the one of the specification", () => {
    expect(rolloutShare("20260101_000000", "user-1")).toBe(0x6a183819 / 0xffffffff);
    expect(rolloutShare("20260101_000000", "user-1")).toBeCloseTo(0.41443, 5);
  });

  test("0 is nobody, 1 is everybody, and whoever is in stays in when it grows", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.string(), share, share, (subject, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(isInRollout("r", subject, 0)).toBe(false);
        expect(isInRollout("r", subject, 1) || rolloutShare("r", subject) === 1).toBe(true);
        if (isInRollout("r", subject, less)) expect(isInRollout("r", subject, more)).toBe(true);
      }),
    );
  });

  test("answers about the share of users that it says", () => {
    const users = Array.from({ length: 20_000 }, (_, n) => `user-${n}`);
    const share = users.filter((user) => isInRollout("20260101_000000", user, 0.05)).length / users.length;
    expect(share).toBeWithin(0.04, 0.06);
  });
});
