/** What librdkafka's reports mean for the outbox. */

import { expect, test } from "bun:test";
import { mayBeSentAgain, resultOf } from "../../../../../src/stores/eventlog/confluent/delivery.ts";

const outcome = (code: number) => {
  const result = resultOf({ code, text: "reason" });
  return result.status === "failed" ? result.class : result.status;
};

test("a record without an error, or that the broker has already, is acknowledged", () => {
  expect(resultOf(null)).toEqual({ status: "acked" });
  expect(outcome(46)).toBe("acked");
});

test("only what says that nothing was written may be called failed", () => {
  expect([3, 6, 19, 29, -184, -190].map(outcome)).toEqual(Array(6).fill("retryable"));
  expect([10, 18].map(outcome)).toEqual(["too_large", "too_large"]);
  expect([17, 87].map(outcome)).toEqual(["fatal", "fatal"]);
  // Timed out in flight, purged, fatal for the producer, sequence lost, anything new.
  expect([-192, -151, -150, 45, 7, 999].map(outcome)).toEqual(Array(6).fill("unknown"));
});

test("nothing of a partition goes after what may be sent again, and the reason is told", () => {
  expect([-192, 3, 10, 17].map((code) => mayBeSentAgain(resultOf({ code, text: "" })))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(resultOf({ code: -192, text: "Local: Message timed out" })).toEqual({
    status: "unknown",
    error: "Local: Message timed out (-192)",
  });
});
