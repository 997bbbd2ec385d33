/** Ownerships numbered as they must not be: the checks that the store's numbers pass (kafka-groups) must catch it. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../support/kafka/broker.ts";
import { checkForgottenGroup, checkStaleOwner, type NumbersOfLife } from "../support/kafka/checks.ts";
import { kafkaLog, makeTopics } from "../support/kafka/log.ts";

/** Numbers that begin anew with the group, as Kafka's own do. */
function numbersOfTheGroup(): NumbersOfLife {
  const last = [0, 0];
  return (life) => ({
    nextGeneration: async () => {
      last[life] = (last[life] ?? 0) + 1;
      return last[life];
    },
  });
}

const missing = kafkaMissing();

describe.skipIf(missing !== null)(`mutants on Kafka${missing === null ? "" : ` (${missing})`}`, () => {
  let kafka: TestKafka;
  let database: TestDatabase;

  beforeAll(async () => {
    kafka = await startKafka();
  }, 150_000);
  afterAll(() => kafka[Symbol.asyncDispose]());
  beforeEach(async () => {
    database = await testDatabase();
    await makeTopics(kafkaLog(kafka, database.pool()));
  }, 30_000);
  afterEach(() => database[Symbol.asyncDispose]());

  test("owners who all have the same number do not fence each other", async () => {
    const nextGeneration = async () => 1;
    await expect(checkStaleOwner(kafka, database.pool(), { nextGeneration })).rejects.toThrow(/fenced/);
  }, 60_000);

  test("numbers that begin anew with the group fence its new members", async () => {
    const check = checkForgottenGroup(kafka, database.pool({ max: 20 }), numbersOfTheGroup(), 8_000);
    await expect(check).rejects.toThrow(/applied/);
  }, 90_000);
});
