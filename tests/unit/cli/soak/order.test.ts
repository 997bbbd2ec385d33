import { describe, expect, test } from "bun:test";
import type { Posted } from "../../../../src/cli/soak/history.ts";
import {
  acknowledgementInversions,
  firstOccurrences,
  type Logged,
  outboxInversions,
} from "../../../../src/cli/soak/order.ts";

const logged = (...ids: string[]): Logged[] =>
  ids.map((eventId) => ({ topic: "watches", userId: "own-1", eventId }));
const posted = (eventId: string, sentMs: number, ackedMs: number | null): Posted => ({
  kind: "watch",
  eventId,
  userId: "own-1",
  sentMs,
  ackedMs,
});
const outbox = (...ids: string[]) => new Map(ids.map((id, index) => [id, BigInt(index)]));

test("of a repeated record the first occurrence counts, by user and topic", () => {
  const records = [
    ...logged("a", "b", "a"),
    { topic: "watches", userId: "own-2", eventId: "c" },
    { topic: "impressions", userId: "own-1", eventId: "a" },
  ];
  const ids = firstOccurrences(records).map((firsts) => firsts.map(({ eventId }) => eventId));
  expect(ids).toEqual([["a", "b"], ["c"], ["a"]]);
});

describe("the log against the outbox", () => {
  test("is in order with repeats of any kind", () => {
    expect(outboxInversions(logged("a", "b", "a", "c", "b"), outbox("a", "b", "c"))).toEqual([]);
  });

  test("is not when a first occurrence comes late", () => {
    expect(outboxInversions(logged("b", "a", "b"), outbox("a", "b"))).toHaveLength(1);
  });
});

describe("the log against the acknowledgements", () => {
  test("is in order where posts overlapped, or were never acknowledged", () => {
    const history = [posted("a", 0, 10), posted("b", 5, 12), posted("c", 20, null), posted("d", 30, 40)];
    expect(acknowledgementInversions(logged("b", "a", "d", "c"), history)).toEqual([]);
  });

  test("is not when an event stands before one that was acknowledged before it was sent", () => {
    const history = [posted("a", 0, 10), posted("b", 11, 12)];
    expect(acknowledgementInversions(logged("b", "a"), history)).toEqual([
      "own-1: b was sent after a was acknowledged and stands before it",
    ]);
    expect(acknowledgementInversions(logged("a", "b"), history)).toEqual([]);
  });

  test("finds it across others that stand between", () => {
    const history = [posted("a", 0, 10), posted("x", 0, 100), posted("b", 11, 90)];
    expect(acknowledgementInversions(logged("b", "x", "a"), history)).toHaveLength(1);
  });
});
