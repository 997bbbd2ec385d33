/** The Node child of the Confluent driver: what becomes of the event log when it dies, hangs, or is not there. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Admin } from "@platformatic/kafka";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { EventLogConsumer, LogRecord, ProduceRecord } from "../../src/events/ports.ts";
import { createConfluentLog } from "../../src/stores/eventlog/confluent/confluent.ts";
import { ClientMissingError, NodeChild } from "../../src/stores/eventlog/confluent/node-child.ts";
import { createKafkaLog } from "../../src/stores/eventlog/kafka.ts";
import { confluentMissing, findConfluent, nodeChildren } from "../support/confluent.ts";
import { temporaryDir } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf } from "../support/freeze.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../support/kafka/broker.ts";

const PATIENT = { timeoutMs: 60_000 };
const missing = kafkaMissing() ?? confluentMissing();

const signalChildren = (signal: NodeJS.Signals) => {
  const pids = nodeChildren();
  for (const pid of pids) process.kill(pid, signal);
  return pids.length;
};

const aRecord = (topic: string, value: string): ProduceRecord => ({
  topic,
  key: "a",
  value: new TextEncoder().encode(value),
  headers: {},
});
const poll = (consumer: EventLogConsumer) =>
  consumer
    .poll({ maxRecords: 100, timeoutMs: 200, signal: new AbortController().signal })
    .catch((): readonly LogRecord[] => []); // What a poll says of a lost child is not the matter here.
const closed = async (open: AsyncDisposable) => open[Symbol.asyncDispose]();
const valuesOf = (records: readonly LogRecord[]) =>
  records.map(({ value }) => Buffer.from(value ?? []).toString());

async function readUntil(consumer: EventLogConsumer, wanted: string): Promise<string[]> {
  const values: string[] = [];
  await eventually(async () => {
    values.push(...valuesOf(await poll(consumer)));
    expect(values).toContain(wanted);
  }, PATIENT);
  return values;
}

describe.skipIf(missing !== null)(`the Node child${missing === null ? "" : ` (${missing})`}`, () => {
  let kafka: TestKafka;
  let topics = 0;
  let generation = 0;

  const logOf = (create: typeof createConfluentLog) =>
    create({
      connection: { bootstrapServers: [kafka.bootstrap], clientId: "child", requestTimeoutMs: 15_000 },
      topics: { create: true, replication: 1 },
      clock: systemClock,
      nextGeneration: async () => ++generation,
    });
  async function aTopic(partitions = 1): Promise<string> {
    const topic = `child.${++topics}`;
    await using producer = await logOf(createConfluentLog).producer();
    await producer.ensureTopic(topic, partitions);
    return topic;
  }
  const produced = async (topic: string, ...values: string[]) => {
    await using producer = await logOf(createConfluentLog).producer();
    const results = await producer.produce(
      values.map((value) => aRecord(topic, value)),
      Deadline.after(15_000),
    );
    expect(results.map(({ status }) => status)).toEqual(values.map(() => "acked"));
  };

  beforeAll(async () => {
    findConfluent();
    kafka = await startKafka();
  }, 150_000);
  afterAll(() => kafka[Symbol.asyncDispose]());

  test("of a producer may be killed: the next records go through another", async () => {
    const topic = await aTopic();
    await using producer = await logOf(createConfluentLog).producer();
    const send = (value: string) => producer.produce([aRecord(topic, value)], Deadline.after(15_000));
    expect(await send("before")).toEqual([{ status: "acked" }]);

    expect(signalChildren("SIGKILL")).toBe(1);

    await eventually(async () => expect(await send("after")).toEqual([{ status: "acked" }]), PATIENT);
  }, 90_000);

  test("of a producer that was killed is replaced by one, however many send at once", async () => {
    const topic = await aTopic(4);
    await using producer = await logOf(createConfluentLog).producer();
    const send = () => producer.produce([aRecord(topic, "x")], Deadline.after(30_000));
    await send();
    signalChildren("SIGKILL");
    await eventually(() => expect(nodeChildren()).toEqual([]), PATIENT);

    await eventually(async () => {
      const sent = await Promise.all([send(), send(), send()]);
      expect(sent.flat()).toEqual([{ status: "acked" }, { status: "acked" }, { status: "acked" }]);
    }, PATIENT);

    expect(nodeChildren()).toHaveLength(1);
  }, 90_000);

  test("of a producer that is closed while it waits for a broker ends with it, and no other begins", async () => {
    const topic = await aTopic();
    const producer = await logOf(createConfluentLog).producer();
    const send = () => producer.produce([aRecord(topic, "x")], Deadline.after(60_000));
    await kafka.freeze(1);
    try {
      const sending = send();
      await eventually(() => expect(nodeChildren()).toHaveLength(1), PATIENT);
      await Deadline.after(30_000).race(closed(producer));
      expect((await sending)[0]?.status).toBe("failed");
      expect((await send())[0]?.status).toBe("failed");
      expect(nodeChildren()).toEqual([]);
    } finally {
      await kafka.thaw(1);
    }
  }, 120_000);

  test("of a consumer that is closed while it joins anew does not keep it", async () => {
    const topic = await aTopic();
    const consumer = await logOf(createConfluentLog).subscribe(`g-${topic}`, "m", [topic]);
    await kafka.freeze(1);
    try {
      const [before] = nodeChildren();
      signalChildren("SIGKILL");
      await eventually(() => expect(nodeChildren().some((pid) => pid !== before)).toBeTrue(), PATIENT);
      await Deadline.after(15_000).race(closed(consumer));
      expect(nodeChildren()).toEqual([]);
    } finally {
      await kafka.thaw(1);
    }
  }, 120_000);

  test("of a producer that hangs is given up at the deadline, and nobody knows of its records", async () => {
    const topic = await aTopic();
    await using producer = await logOf(createConfluentLog).producer();
    const send = (deadlineMs: number) => producer.produce([aRecord(topic, "x")], Deadline.after(deadlineMs));
    expect(await send(15_000)).toEqual([{ status: "acked" }]);

    signalChildren("SIGSTOP");

    expect((await send(500))[0]?.status).toBe("unknown");
    expect(nodeChildren()).toEqual([]);
    await eventually(async () => expect(await send(15_000)).toEqual([{ status: "acked" }]), PATIENT);
  }, 90_000);

  test("of a consumer may be killed: nothing is owned meanwhile, and reading goes on with another", async () => {
    const topic = await aTopic();
    await produced(topic, "one");
    await using consumer = await logOf(createConfluentLog).subscribe(`g-${topic}`, "m", [topic]);
    expect(await readUntil(consumer, "one")).toEqual(["one"]);

    expect(signalChildren("SIGKILL")).toBe(1);

    await eventually(() => expect(consumer.assignments()).toEqual([]));
    await produced(topic, "two");
    expect(await readUntil(consumer, "two")).toContain("one"); // Nothing was committed: read again from the start.
  }, 120_000);

  test("of a consumer that hangs owns nothing once it has been silent for too long", async () => {
    const topic = await aTopic();
    await using consumer = await logOf(createConfluentLog).subscribe(`g-${topic}`, "m", [topic]);
    await eventually(() => expect(consumer.assignments()).toHaveLength(1), PATIENT);

    signalChildren("SIGSTOP");

    await eventually(() => expect(consumer.assignments()).toEqual([]), PATIENT);
    await produced(topic, "late");
    expect(await readUntil(consumer, "late")).toEqual(["late"]);
  }, 150_000);

  test("sees that a topic was made anew, and owns it under its new id", async () => {
    const topic = await aTopic();
    await produced(topic, "old-1", "old-2");
    await using consumer = await logOf(createConfluentLog).subscribe(`g-${topic}`, "m", [topic]);
    await readUntil(consumer, "old-2");
    const [before] = consumer.assignments();
    const admin = new Admin({ clientId: "test", bootstrapBrokers: [kafka.bootstrap] });
    await admin.deleteTopics({ topics: [topic] });
    await eventually(() => admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 }), PATIENT);
    await admin.close();

    await produced(topic, "new-1", "new-2", "new-3");

    expect(await readUntil(consumer, "new-3")).toEqual(["new-1", "new-2", "new-3"]);
    expect(consumer.assignments()[0]?.topicId).not.toBe(before?.topicId);
  }, 120_000);

  test("names topics as the built-in client does, so that stored offsets hold for both", async () => {
    const topic = await aTopic();
    await using one = await logOf(createConfluentLog).subscribe(`a-${topic}`, "m", [topic]);
    await using other = await logOf(createKafkaLog).subscribe(`b-${topic}`, "m", [topic]);

    await eventually(() => {
      expect(one.assignments()[0]?.topicId).toBe(other.assignments()[0]?.topicId as string);
    }, PATIENT);
  }, 90_000);

  test("is numbered by the store, as the built-in client is: whoever takes over a group has the greater number", async () => {
    const topic = await aTopic();
    for (const create of [createKafkaLog, createConfluentLog, createKafkaLog]) {
      const givenBefore = generation;
      await using consumer = await logOf(create).subscribe(`g-${topic}`, "m", [topic]);
      await eventually(() => expect(consumer.assignments()).toHaveLength(1), PATIENT);
      expect(consumer.assignments()[0]?.generation).toBeGreaterThan(givenBefore);
      expect(consumer.assignments()[0]?.generation).toBeLessThanOrEqual(generation);
    }
  }, 150_000);

  test("ends when the process that started it is killed", async () => {
    const program = fileURLToPath(new URL("../fixtures/programs/confluent-parent.ts", import.meta.url));
    const parent = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => parent.stdout.once("data", resolve));
    const [child = 0] = childrenOf(parent.pid ?? 0);
    expect(child).toBeGreaterThan(0);

    parent.kill("SIGKILL");

    await eventually(() => expect(() => process.kill(child, 0)).toThrow(), PATIENT);
  }, 90_000);
});

describe("without what the Confluent driver needs", () => {
  const withEnvironment = async (env: Record<string, string>, work: () => Promise<void>) => {
    const kept = { PATH: process.env["PATH"], NODE_PATH: process.env["NODE_PATH"] };
    Object.assign(process.env, env);
    try {
      await work();
    } finally {
      Object.assign(process.env, { PATH: kept.PATH, NODE_PATH: kept.NODE_PATH ?? "" });
    }
  };
  const start = () => NodeChild.start(Deadline.after(20_000));

  test("a missing Node is named", async () => {
    await withEnvironment({ PATH: temporaryDir("no-node") }, async () => {
      const problem = await start().catch((error) => error);
      expect(problem).toBeInstanceOf(ClientMissingError);
      expect(problem.message).toStartWith("Node not found");
    });
  });

  test("a missing package is named, with the folders to install it into", async () => {
    await withEnvironment({ NODE_PATH: temporaryDir("no-client") }, async () => {
      const problem = await start().catch((error) => error);
      expect(problem).toBeInstanceOf(ClientMissingError);
      expect(problem.message).toStartWith(
        "package @confluentinc/kafka-javascript not found or its addon does not load",
      );
      expect(problem.message).toContain(`${process.cwd()}/node_modules`);
    });
  });
});
