/** What a failed send says about the records: a client's error never means that they were not written. */

import { expect, test } from "bun:test";
import { MultipleErrors, NetworkError, ProtocolError, TimeoutError } from "@platformatic/kafka";
import { describe, failureOf } from "../../../../src/stores/eventlog/kafka-client.ts";

test.each([
  ["a lost connection", new NetworkError("Connection closed"), "unknown"],
  ["no answer in time", new TimeoutError("Request timed out"), "unknown"],
  ["a broker's own timeout", new ProtocolError("REQUEST_TIMED_OUT"), "unknown"],
  ["too few replicas after the append", new ProtocolError("NOT_ENOUGH_REPLICAS_AFTER_APPEND"), "unknown"],
  ["anything else", new TypeError("a bug"), "unknown"],
  ["too few replicas", new ProtocolError("NOT_ENOUGH_REPLICAS"), "retryable"],
  ["another leader", new ProtocolError("NOT_LEADER_OR_FOLLOWER"), "retryable"],
  ["a missing permission", new ProtocolError("TOPIC_AUTHORIZATION_FAILED"), "retryable"],
  ["a large message", new ProtocolError("MESSAGE_TOO_LARGE"), "too_large"],
  ["a topic's name", new ProtocolError("INVALID_TOPIC_EXCEPTION"), "fatal"],
])("%s is told apart, also inside the library's collected error", (_, error, expected) => {
  for (const thrown of [error, new MultipleErrors("produce failed 1 times.", [error])]) {
    const failure = failureOf(thrown);
    expect(failure.status === "failed" ? failure.class : failure.status).toBe(expected as never);
  }
});

test("an earlier try without an answer leaves it open, whatever the last one says", () => {
  const errors = [new NetworkError("Connection closed"), new ProtocolError("NOT_LEADER_OR_FOLLOWER")];
  expect(failureOf(new MultipleErrors("produce failed 2 times.", errors)).status).toBe("unknown");
});

test("the reason is told, not the operation alone", () => {
  const error = new MultipleErrors("produce failed 2 times.", [new NetworkError("Connection refused")]);
  expect(describe(error)).toContain("Connection refused");
});
