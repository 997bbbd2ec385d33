/** What doctor says of Kafka without a cluster. */

import { expect, test } from "bun:test";
import { checkKafka } from "../../../../src/cli/doctor/kafka.ts";
import { configOf } from "./configs.ts";

test("Kafka does not arise without brokers in the settings, or without a role that uses them", async () => {
  expect(await checkKafka(configOf())).toBeNull();
  expect(
    await checkKafka(configOf({ KAFKA_BOOTSTRAP_SERVERS: "localhost:1", RECO_ROLES: "http" })),
  ).toBeNull();
});

test("brokers that do not answer are named", async () => {
  const verdict = await checkKafka(configOf({ KAFKA_BOOTSTRAP_SERVERS: "127.0.0.1:1" }));
  expect(verdict?.status).toBe("fail");
  expect(verdict?.detail).toContain("127.0.0.1:1");
});
