/** Every event log driver against the one contract. */

import { describe, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createConfluentLog } from "../../src/stores/eventlog/confluent/confluent.ts";
import { createEmbeddedLog } from "../../src/stores/eventlog/embedded.ts";
import { MAX_RECORD_BYTES } from "../../src/stores/eventlog/embedded-producer.ts";
import { createGenerations } from "../../src/stores/eventlog/generations.ts";
import { createKafkaLog } from "../../src/stores/eventlog/kafka.ts";
import { createLog as createSimulatedLog } from "../simulation/log-client.ts";
import { LogModel } from "../simulation/log-model.ts";
import { MAX_RECORD_BYTES as SIMULATED_MAX_BYTES } from "../simulation/settings.ts";
import { World } from "../simulation/world.ts";
import { confluentMissing, findConfluent } from "../support/confluent.ts";
import { testDatabase } from "../support/databases.ts";
import { kafkaMissing, startKafka } from "../support/kafka/broker.ts";
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

describeEventLog("simulated", async () => {
  const world = new World(1);
  world.calm = true;
  let topics = 0;
  return {
    log: createSimulatedLog({
      world,
      model: new LogModel(() => systemClock.nowMs(), { appended() {}, committed() {} }),
      wire: { call: async ({ effect }) => effect() },
      clock: systemClock,
    }),
    topic: () => `contract.${++topics}`,
    tooLarge: SIMULATED_MAX_BYTES + 1,
    async [Symbol.asyncDispose]() {
      // Holds nothing.
    },
  };
});

const CLASSIC = { "group.coordinator.rebalance.protocols": "classic" };
const withoutKafka = kafkaMissing();
const withoutClient = withoutKafka ?? confluentMissing();
describeKafka("kafka", createKafkaLog, withoutKafka, {});
describeKafka("kafka, classic groups", createKafkaLog, withoutKafka, CLASSIC);
describeKafka("confluent", createConfluentLog, withoutClient, {});
describeKafka("confluent, classic groups", createConfluentLog, withoutClient, CLASSIC);

function describeKafka(
  name: string,
  createLog: typeof createKafkaLog,
  missing: string | null,
  properties: Record<string, string>,
): void {
  if (missing !== null) {
    describe(`event log: ${name}`, () => test.skip(missing, () => {}));
    return;
  }
  describeEventLog(name, async () => {
    findConfluent();
    const kafka = await startKafka({ properties });
    const database = await testDatabase();
    let topics = 0;
    return {
      log: createLog({
        connection: {
          bootstrapServers: kafka.bootstrap.split(","),
          clientId: "contract",
          requestTimeoutMs: 15_000,
        },
        topics: { create: true, replication: 1 },
        clock: systemClock,
        nextGeneration: createGenerations(database.pool(), systemClock),
      }),
      topic: () => `contract.${++topics}`,
      tooLarge: 2_000_000,
      async [Symbol.asyncDispose]() {
        await kafka[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  });
}
