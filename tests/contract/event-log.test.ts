/** Every event log driver against the one contract. */

import { afterAll, describe, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createConfluentLog } from "../../src/stores/eventlog/confluent/confluent.ts";
import { createEmbeddedLog } from "../../src/stores/eventlog/embedded.ts";
import { MAX_RECORD_BYTES } from "../../src/stores/eventlog/embedded-producer.ts";
import { createKafkaLog } from "../../src/stores/eventlog/kafka.ts";
import { confluentMissing, findConfluent } from "../support/confluent.ts";
import { testDatabase } from "../support/databases.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../support/kafka/broker.ts";
import { describeEventLog } from "./event-log-suite.ts";

describeEventLog("embedded", async () => {
  const database = await testDatabase();
  let topics = 0;
  return {
    log: createEmbeddedLog({
      pool: database.pool(),
      clock: systemClock,
      random: systemRandom,
      group: { leaseMs: 900, renewMs: 300 },
    }),
    topic: () => `contract.${++topics}`,
    tooLarge: MAX_RECORD_BYTES + 1,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
});

const drivers = [
  { name: "kafka", missing: kafkaMissing(), createLog: createKafkaLog },
  { name: "confluent", missing: kafkaMissing() ?? confluentMissing(), createLog: createConfluentLog },
] as const;

/** One broker for both drivers. */
let kafka: Promise<TestKafka> | null = null;
const sharedKafka = () => {
  kafka ??= startKafka();
  return kafka;
};
afterAll(async () => (await kafka)?.[Symbol.asyncDispose]());

for (const { name, missing, createLog } of drivers) {
  if (missing !== null) {
    describe(`event log: ${name}`, () => test.skip(missing, () => {}));
    continue;
  }
  describeEventLog(name, async () => {
    findConfluent();
    const { bootstrap } = await sharedKafka();
    let topics = 0;
    return {
      log: createLog({
        connection: { bootstrapServers: [bootstrap], clientId: "contract", requestTimeoutMs: 15_000 },
        topics: { create: true, replication: 1 },
        clock: systemClock,
      }),
      topic: () => `contract.${name}.${++topics}`,
      tooLarge: 2_000_000,
      async [Symbol.asyncDispose]() {},
    };
  });
}
