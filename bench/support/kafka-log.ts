/** A broker of the bench's own, and the event logs that parts write and read. */

import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { EventLog, ProduceRecord } from "../../src/events/ports.ts";
import { createEmbeddedLog } from "../../src/stores/eventlog/embedded.ts";
import { createKafkaLog } from "../../src/stores/eventlog/kafka.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { kafkaMissing, startKafka, type TestKafka } from "../../tests/support/kafka/broker.ts";

export interface LogUnderTest {
  readonly log: EventLog;
  readonly partitions: number;
  /** For a tree that uses it. */
  readonly env: Readonly<Record<string, string>>;
}

const APPEND = 2_000;
const APPEND_MS = 30_000;

export function startBroker(): Promise<TestKafka> {
  const missing = kafkaMissing();
  if (missing !== null) throw new Error(`this part needs a broker: ${missing}`);
  return startKafka();
}

/** With the defaults' number of partitions. */
export const embeddedLog = (pool: Pool): LogUnderTest => ({
  log: createEmbeddedLog({ pool, clock: systemClock, random: systemRandom }),
  partitions: 8,
  env: {},
});

/** With the defaults' number of partitions. */
export const kafkaLog = ({ bootstrap }: TestKafka): LogUnderTest => ({
  log: createKafkaLog({
    connection: { bootstrapServers: [bootstrap], clientId: "bench", requestTimeoutMs: 15_000 },
    topics: { create: true, replication: 1 },
    clock: systemClock,
    // Only appends here: the tree's consumers have the store's numbers.
    nextGeneration: async () => 1,
  }),
  partitions: 6,
  env: { KAFKA_BOOTSTRAP_SERVERS: bootstrap },
});

/** Makes the topics on the way. */
export async function appendAll(
  { log, partitions }: LogUnderTest,
  records: readonly ProduceRecord[],
): Promise<void> {
  await using producer = await log.producer();
  for (const topic of new Set(records.map((record) => record.topic))) {
    await producer.ensureTopic(topic, partitions);
  }
  for (let at = 0; at < records.length; at += APPEND) {
    const results = await producer.produce(records.slice(at, at + APPEND), Deadline.after(APPEND_MS));
    const failed = results.find(({ status }) => status !== "acked");
    if (failed) throw new Error(JSON.stringify(failed));
  }
}
