/** Every event log driver against the one contract. */

import { describe, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createEmbeddedLog } from "../../src/stores/eventlog/embedded.ts";
import { MAX_RECORD_BYTES } from "../../src/stores/eventlog/embedded-producer.ts";
import { createLog } from "../simulation/log-client.ts";
import { LogModel } from "../simulation/log-model.ts";
import { MAX_RECORD_BYTES as SIMULATED_MAX_BYTES } from "../simulation/settings.ts";
import { World } from "../simulation/world.ts";
import { testDatabase } from "../support/databases.ts";
import { kafkaMissing, startKafka } from "../support/kafka/broker.ts";
import { kafkaLog } from "../support/kafka/log.ts";
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
    log: createLog({
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

const missing = kafkaMissing();
if (missing !== null) {
  describe("event log: kafka", () => test.skip(missing, () => {}));
} else {
  describeKafka("kafka", {});
  describeKafka("kafka, classic groups", { "group.coordinator.rebalance.protocols": "classic" });
}

function describeKafka(name: string, properties: Record<string, string>): void {
  describeEventLog(name, async () => {
    const kafka = await startKafka({ properties });
    const database = await testDatabase();
    let topics = 0;
    return {
      log: kafkaLog(kafka, database.pool(), { requestTimeoutMs: 15_000 }),
      topic: () => `contract.${++topics}`,
      tooLarge: 2_000_000,
      async [Symbol.asyncDispose]() {
        await kafka[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  });
}
