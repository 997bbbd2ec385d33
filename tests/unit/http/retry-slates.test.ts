import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type KeptSlate, RetrySlates } from "../../../src/http/retry-slates.ts";
import { anAnswer } from "../../support/fakes/http-services.ts";
import { manualClock } from "../../support/manual-clock.ts";

const KEY = {
  requestId: "request-1",
  userId: "u-1",
  sessionId: "s-1",
  k: 5,
  filter: null,
  boost: null,
  cursor: null,
};
const aSlate = () =>
  ({ slated: { answer: anAnswer(3), cursor: null }, impression: {} }) as unknown as KeptSlate;

describe("retry slates", () => {
  test("answers the kept slate for the same request, user, session, k and expressions only", () => {
    const slates = new RetrySlates(manualClock());
    const slate = aSlate();
    slates.keep(KEY, slate);
    expect(slates.find(KEY)).toBe(slate);
    const others = [
      { requestId: "request-2" },
      { userId: "u-2" },
      { sessionId: "s-2" },
      { k: 6 },
      { filter: "item.verified" },
      { boost: "item.price" },
      { cursor: "AAAA" },
    ];
    for (const other of others) {
      expect(slates.find({ ...KEY, ...other })).toBeNull();
    }
  });

  test("forgets a slate after 60 seconds", async () => {
    const clock = manualClock();
    const slates = new RetrySlates(clock);
    slates.keep(KEY, aSlate());
    await clock.advance(59_999);
    expect(slates.find(KEY)).not.toBeNull();
    await clock.advance(1);
    expect(slates.find(KEY)).toBeNull();
  });

  test("forgets all slates of one user and no others", () => {
    const slates = new RetrySlates(manualClock());
    const second = { ...KEY, requestId: "request-2" };
    const foreign = { ...KEY, requestId: "request-3", userId: "u-2" };
    for (const key of [KEY, second, foreign]) slates.keep(key, aSlate());
    slates.forget("u-1");
    expect([KEY, second, foreign].map((key) => slates.find(key) !== null)).toEqual([false, false, true]);
  });

  test("drops the oldest slate when full", () => {
    const slates = new RetrySlates(manualClock(), 2);
    for (const requestId of ["a", "b", "c"]) slates.keep({ ...KEY, requestId }, aSlate());
    expect(["a", "b", "c"].map((requestId) => slates.find({ ...KEY, requestId }) !== null)).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("never holds more than its limit, nor a slate of a forgotten user", () => {
    const action = fc.record({ forget: fc.boolean(), user: fc.nat(3), request: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const slates = new RetrySlates(manualClock(), 4);
        for (const { forget, user, request } of actions) {
          const key = { ...KEY, userId: `u-${user}`, requestId: `r-${request}` };
          if (forget) slates.forget(key.userId);
          else slates.keep(key, aSlate());
          expect(slates.size).toBeLessThanOrEqual(4);
          expect(slates.find(key) === null).toBe(forget);
        }
      }),
    );
  });
});
