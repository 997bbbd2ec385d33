/** Members of a group through Confluent's client: one that does not confirm what it was given must be caught. */

import { afterAll, afterEach, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import type { Assignment } from "../../src/events/ports.ts";
import { createConfluentLog } from "../../src/stores/eventlog/confluent/confluent.ts";
import { NodeChild } from "../../src/stores/eventlog/confluent/node-child.ts";
import type { NextGeneration } from "../../src/stores/eventlog/generations.ts";
import { confluentMissing, findConfluent, nodeChildren } from "../support/confluent.ts";
import { eventually } from "../support/eventually.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../support/kafka/broker.ts";

/** What becomes of the question by which a member confirms that the coordinator knows it as the owner. */
type Confirm = (ask: () => Promise<unknown>) => Promise<unknown>;

const real: Confirm = (ask) => ask();
/** Takes for its own whatever it was given at some time. */
const unconfirmed: Confirm = async () => null;

/** A member that sleeps for longer than this is no member; a child that is silent for 10 s would be given up. */
const SHORT_SESSIONS = {
  "group.consumer.min.session.timeout.ms": "2000",
  "group.consumer.session.timeout.ms": "2000",
  "group.consumer.min.heartbeat.interval.ms": "500",
  "group.consumer.heartbeat.interval.ms": "500",
};
const PATIENT = { timeoutMs: 60_000 };
const missing = kafkaMissing() ?? confluentMissing();

describe.skipIf(missing !== null)(`members through Node${missing === null ? "" : ` (${missing})`}`, () => {
  let kafka: TestKafka;
  let generation = 0;
  let restore = () => {};

  beforeAll(async () => {
    findConfluent();
    kafka = await startKafka({ properties: SHORT_SESSIONS });
  }, 150_000);
  afterEach(() => restore());
  afterAll(() => kafka[Symbol.asyncDispose]());

  const logOf = (nextGeneration: NextGeneration) =>
    createConfluentLog({
      connection: { bootstrapServers: [kafka.bootstrap], clientId: "mutant", requestTimeoutMs: 15_000 },
      topics: { create: true, replication: 1 },
      clock: systemClock,
      nextGeneration,
    });
  const numbers = async () => ++generation;

  /** Counts the confirmations, and those of them that were answered, well or not; `onAnswered` follows an answer's effect. */
  function confirmBy(confirm: Confirm, onAnswered: () => void) {
    const ask = NodeChild.prototype.ask;
    const counted = { asked: 0, answered: 0 };
    const spy = spyOn(NodeChild.prototype, "ask").mockImplementation(async function (
      this: NodeChild,
      ...question: Parameters<typeof ask>
    ) {
      const asked = () => ask.apply(this, question);
      if (question[0] !== "confirm") return asked();
      counted.asked++;
      return confirm(asked).finally(() => {
        setImmediate(() => {
          onAnswered();
          counted.answered++;
        });
      });
    } as typeof ask);
    restore = () => spy.mockRestore();
    return counted;
  }

  /** A number of the store must not be worth more than the coordinator's word: who slept has lost its partitions. */
  async function checkSleeperOwnsNothing(topic: string, confirm: Confirm): Promise<void> {
    await using producer = await logOf(numbers).producer();
    await producer.ensureTopic(topic, 1);
    const given = Promise.withResolvers<void>();
    const awoken = Promise.withResolvers<void>();
    const others = nodeChildren();
    await using sleeper = await logOf(async () => {
      given.resolve();
      await awoken.promise;
      return numbers();
    }).subscribe(`g-${topic}`, "sleeper", [topic]);
    const [child = 0] = nodeChildren().filter((pid) => !others.includes(pid));
    // Taken before the coordinator's word arrives, if only for a moment, it would keep the owner out for good.
    const taken: Assignment[] = [];
    const counted = confirmBy(confirm, () => taken.push(...sleeper.assignments()));
    await given.promise;
    process.kill(child, "SIGSTOP");
    try {
      await using owner = await logOf(numbers).subscribe(`g-${topic}`, "owner", [topic]);
      await eventually(() => expect(owner.assignments()).toHaveLength(1), PATIENT);
      const before = { ...counted };
      awoken.resolve();
      await eventually(() => expect(counted.asked).toBeGreaterThan(before.asked), PATIENT);
      process.kill(child, "SIGCONT");
      await eventually(() => expect(counted.answered).toBeGreaterThan(before.answered), PATIENT);
      expect(taken).toEqual([]);
      expect(owner.assignments()).toHaveLength(1);
    } finally {
      process.kill(child, "SIGCONT");
    }
  }

  test("that confirm pass", () => checkSleeperOwnsNothing("mutants.real", real), 120_000);

  test("that take a number unconfirmed are caught by two owners at once", async () => {
    await expect(checkSleeperOwnsNothing("mutants.unconfirmed", unconfirmed)).rejects.toThrow(/generation/);
  }, 120_000);
});
