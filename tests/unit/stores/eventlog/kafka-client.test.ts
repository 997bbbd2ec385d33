/** What a failed send says about the records: a client's error never means that they were not written. */

import { expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { MultipleErrors, NetworkError, ProtocolError, TimeoutError } from "@platformatic/kafka";
import type { Clock } from "../../../../src/core/clock.ts";
import { Deadline } from "../../../../src/core/deadline.ts";
import {
  clientOptions,
  describe,
  failureOf,
  type KafkaConnection,
  withAdmin,
} from "../../../../src/stores/eventlog/kafka-client.ts";
import { KafkaFetcher } from "../../../../src/stores/eventlog/kafka-fetcher.ts";
import { KafkaMembership } from "../../../../src/stores/eventlog/kafka-membership.ts";
import { KafkaProducer } from "../../../../src/stores/eventlog/kafka-producer.ts";
import { KafkaQuestions } from "../../../../src/stores/eventlog/kafka-questions.ts";
import { eventually } from "../../../support/eventually.ts";
import { manualClock } from "../../../support/manual-clock.ts";

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

const toServers = (...bootstrapServers: string[]): KafkaConnection => ({
  ...{ bootstrapServers, clientId: "test", requestTimeoutMs: 1_000 },
});

test("whoever got no answer asks another server first next time, with a new connection to the same servers too", async () => {
  const connection = toServers("a:1", "b:1", "c:1");
  const other = { ...connection, clientId: "other" };
  const failed = () => withAdmin(connection, manualClock(), () => Promise.reject(new Error("silence")));
  const first = () => clientOptions(other).bootstrapBrokers?.[0];
  const order = [first()];
  for (let turn = 0; turn < 3; turn++) {
    await failed().catch(() => {});
    order.push(first());
  }

  expect(order as unknown[]).toEqual(["a:1", "b:1", "c:1", "a:1"]);
});

/** A server that lets everybody in and answers nobody. */
async function frozenServer() {
  let guests = 0;
  const server: Server = createServer((socket) => {
    guests++;
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    name: `127.0.0.1:${address.port}`,
    guests: () => guests,
    [Symbol.dispose]: () => void server.close(),
  };
}

test("a member that the first server leaves without an answer starts at the second", async () => {
  using first = await frozenServer();
  using second = await frozenServer();
  const clock = manualClock();
  const connection = toServers(first.name, second.name);
  const start = () => {
    const questions = new KafkaQuestions(connection, "g", clock);
    const parts = { connection, group: "g", memberId: "m", topics: ["t"], clock, questions };
    return new KafkaMembership({ ...parts, nextGeneration: async () => 1 }).start().catch(() => "failed");
  };
  const tried = start();
  await eventually(() => expect(first.guests()).toBe(1));
  const before = second.guests();
  await clock.advance(30_000);
  expect(await tried).toBe("failed");
  const again = start();
  await eventually(() => expect(second.guests()).toBe(1));
  await clock.advance(30_000);

  expect([before, await again, first.guests()]).toEqual([0, "failed", 1]);
});

test.each([
  [
    "questions",
    (connection: KafkaConnection, clock: Clock) => {
      const questions = new KafkaQuestions(connection, "g", clock);
      return { ask: () => questions.topicIds(["t"]), close: () => questions.close() };
    },
  ],
  [
    "a fetcher",
    (connection: KafkaConnection, clock: Clock) => {
      const fetcher = new KafkaFetcher(connection, clock);
      const assignment = { topic: "t", topicId: "id", partition: 0, generation: 1 };
      return { ask: () => fetcher.fetch([{ assignment, offset: 0n }]), close: () => fetcher.close() };
    },
  ],
  [
    "a producer",
    (connection: KafkaConnection, clock: Clock) => {
      const producer = new KafkaProducer(connection, { create: false, replication: 1 }, clock);
      const record = { topic: "t", key: "k", value: new Uint8Array(), headers: {} };
      return {
        ask: () => producer.produce([record], Deadline.after(5_000, clock)),
        close: () => producer[Symbol.asyncDispose](),
      };
    },
  ],
])("what is closed while it waits for an answer makes no new client: %s", async (_, open) => {
  using server = await frozenServer();
  const clock = manualClock();
  const { ask, close } = open(toServers(server.name), clock);
  const asked = ask().catch(() => {});
  await eventually(() => expect(server.guests()).toBe(1));
  const closing = close();
  await clock.advance(30_000);
  await closing;
  await asked;
  let isRefused = false;
  const settled = () => {
    isRefused = true;
  };
  // A new client would wait for an answer, on a clock that stands still.
  void ask().then(settled, settled);
  await eventually(() => expect(isRefused).toBe(true));

  expect(server.guests()).toBe(1);
});
