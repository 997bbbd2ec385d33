/** TLS and SASL against a real broker: who may in, and that a refusal is quick and says why. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkKafka } from "../../src/cli/doctor/kafka.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { createConfluentLog } from "../../src/stores/eventlog/confluent/confluent.ts";
import { createKafkaLog } from "../../src/stores/eventlog/kafka.ts";
import type { KafkaSecurity } from "../../src/stores/eventlog/kafka-security.ts";
import { confluentMissing, findConfluent } from "../support/confluent.ts";
import { eventually } from "../support/eventually.ts";
import { kafkaMissing, SASL_USER, startKafka, type TestKafka } from "../support/kafka/broker.ts";
import { configOf } from "../unit/cli/doctor/configs.ts";

const TLS_DIR = join(import.meta.dir, "../fixtures/tls");
const ca = readFileSync(join(TLS_DIR, "server.crt"), "utf8");
const key = readFileSync(join(TLS_DIR, "server.key"), "utf8");
const sasl = (mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512", password = SASL_USER.password) => ({
  mechanism,
  username: SASL_USER.username,
  password,
});

type Listener = keyof TestKafka["secure"] | "plain" | "byAddress";
/** Far above what a refusal takes, and below the time of a hang that ends by a deadline. */
const REFUSAL_MS = 8_000;

const missing = kafkaMissing();
const missingClient = missing ?? confluentMissing();

describe.skipIf(missing !== null)(`on Kafka${missing === null ? "" : ` (${missing})`}`, () => {
  let kafka: TestKafka;
  let topics = 0;

  beforeAll(async () => {
    findConfluent();
    kafka = await startKafka({ secure: true });
  }, 150_000);
  afterAll(() => kafka[Symbol.asyncDispose]());

  function serverOf(listener: Listener): string {
    if (listener === "plain") return kafka.bootstrap;
    // An address that the certificate does not name.
    if (listener === "byAddress") return kafka.secure.saslSsl.replace("localhost", "127.0.0.1");
    return kafka.secure[listener];
  }

  const logOf = (listener: Listener, security: KafkaSecurity, create = createKafkaLog) =>
    create({
      connection: {
        bootstrapServers: [serverOf(listener)],
        clientId: "security",
        requestTimeoutMs: 5_000,
        security,
      },
      topics: { create: true, replication: 1 },
      clock: systemClock,
      nextGeneration: async () => 1,
    });

  const LETS_IN: [string, Listener, KafkaSecurity][] = [
    ["a client certificate", "ssl", { tls: { ca, cert: ca, key }, sasl: null }],
    ["PLAIN by TLS", "saslSsl", { tls: { ca }, sasl: sasl("PLAIN") }],
    ["SCRAM-SHA-256 by TLS", "saslSsl", { tls: { ca }, sasl: sasl("SCRAM-SHA-256") }],
    ["SCRAM-SHA-512 by TLS", "saslSsl", { tls: { ca }, sasl: sasl("SCRAM-SHA-512") }],
    ["SCRAM-SHA-512 in plain text", "saslPlain", { tls: null, sasl: sasl("SCRAM-SHA-512") }],
  ];
  test.each(LETS_IN)(
    "with %s topics are made, records sent, groups joined and records read",
    (_, listener, security) => expectLetIn(listener, security, createKafkaLog),
    40_000,
  );
  test.skipIf(missingClient !== null).each(LETS_IN)(
    "with %s so they are by Confluent's client",
    (_, listener, security) => expectLetIn(listener, security, createConfluentLog),
    60_000,
  );

  async function expectLetIn(listener: Listener, security: KafkaSecurity, create: typeof createKafkaLog) {
    const log = logOf(listener, security, create);
    const topic = `secure.${++topics}`;
    await using producer = await log.producer();
    await producer.ensureTopic(topic, 1);
    const record = { topic, key: "k", value: new TextEncoder().encode("v"), headers: {} };
    expect(await producer.produce([record], Deadline.after(15_000))).toEqual([{ status: "acked" }]);

    await using consumer = await log.subscribe(`group-${topic}`, `member-${topic}`, [topic]);
    const signal = new AbortController().signal;
    const read = await eventually(
      async () => {
        const records = await consumer.poll({ maxRecords: 10, timeoutMs: 200, signal });
        expect(records).toHaveLength(1);
        return records;
      },
      { timeoutMs: 20_000 },
    );
    expect(String.fromCharCode(...(read[0]?.value ?? []))).toBe("v");
    await consumer.commit(consumer.assignments()[0] as never, 1n);
  }

  test.each<[string, Listener, KafkaSecurity, RegExp]>([
    ["a wrong password (PLAIN)", "saslSsl", { tls: { ca }, sasl: sasl("PLAIN", "wrong") }, /authentication/i],
    [
      "a wrong password (SCRAM)",
      "saslSsl",
      { tls: { ca }, sasl: sasl("SCRAM-SHA-256", "wrong") },
      /authentication/i,
    ],
    ["an unknown authority", "saslSsl", { tls: {}, sasl: sasl("PLAIN") }, /certificate|self.signed/i],
    ["another name", "byAddress", { tls: { ca }, sasl: sasl("PLAIN") }, /altname|certificate/i],
    ["no client certificate", "ssl", { tls: { ca }, sasl: null }, /closed|certificate/i],
    ["no user", "saslSsl", { tls: { ca }, sasl: null }, /closed/i],
    ["no TLS", "saslSsl", { tls: null, sasl: null }, /TLS/i],
    ["TLS where there is none", "plain", { tls: { ca }, sasl: null }, /TLS|SSL|certificate/i],
  ])(
    "%s is refused with a reason, and nothing hangs",
    async (_, listener, security, reason) => {
      const log = logOf(listener, security);
      await using producer = await log.producer();
      const startMs = systemClock.monotonicMs();
      const failures = await Promise.all([
        messageOf(producer.ensureTopic("secure.refused", 1)),
        messageOf(log.subscribe("group-refused", "member-refused", ["secure.refused"])),
      ]);
      const record = { topic: "secure.refused", key: "k", value: new Uint8Array(1), headers: {} };
      const [sent] = await producer.produce([record], Deadline.after(REFUSAL_MS));
      expect(systemClock.monotonicMs() - startMs).toBeLessThan(2 * REFUSAL_MS);
      for (const failure of failures) expect(failure).toMatch(reason);
      expect(sent?.status === "failed" && sent.class).toBe("retryable");
      expect(sent?.status === "failed" && sent.error).toMatch(new RegExp(`${reason.source}|deadline`, "i"));
    },
    20_000,
  );

  // The library does not tell why: doctor does.
  test.skipIf(missingClient !== null).each<[string, Listener, KafkaSecurity]>([
    ["a wrong password", "saslSsl", { tls: { ca }, sasl: sasl("PLAIN", "wrong") }],
    ["an unknown authority", "saslSsl", { tls: {}, sasl: sasl("PLAIN") }],
    ["another name", "byAddress", { tls: { ca }, sasl: sasl("PLAIN") }],
  ])(
    "%s is refused by Confluent's client too, and nothing hangs",
    async (_, listener, security) => {
      await using producer = await logOf(listener, security, createConfluentLog).producer();
      const startMs = systemClock.monotonicMs();
      expect(await messageOf(producer.ensureTopic("secure.refused", 1))).toMatch(
        /transport failure|deadline/,
      );
      expect(systemClock.monotonicMs() - startMs).toBeLessThan(REFUSAL_MS);
    },
    20_000,
  );

  test("doctor passes with the right password and names the refusal of a wrong one", async () => {
    const env = {
      KAFKA_BOOTSTRAP_SERVERS: kafka.secure.saslSsl,
      KAFKA_SSL: "true",
      KAFKA_SSL_CA_FILE: join(TLS_DIR, "server.crt"),
      KAFKA_SASL_MECHANISM: "SCRAM-SHA-512",
      KAFKA_SASL_USERNAME: SASL_USER.username,
    };
    const right = configOf({ ...env, KAFKA_SASL_PASSWORD: SASL_USER.password });
    const wrong = configOf({ ...env, KAFKA_SASL_PASSWORD: "wrong-horse" });
    expect(await checkKafka(right)).toMatchObject({ status: "pass" });
    expect(await checkKafka(wrong)).toMatchObject({
      status: "fail",
      detail: expect.stringMatching(/authentication/i),
    });
  });
});

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "it was let in",
    (error) => error.message,
  );
