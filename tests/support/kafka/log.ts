/** The event log of a test on its brokers. */

import { systemClock } from "../../../src/core/clock.ts";
import type { EventLog } from "../../../src/events/ports.ts";
import { createGenerations } from "../../../src/stores/eventlog/generations.ts";
import { createKafkaLog } from "../../../src/stores/eventlog/kafka.ts";
import type { Pool } from "../../../src/stores/postgres/pool-types.ts";
import type { TestKafka } from "./broker.ts";

export interface KafkaLogSettings {
  readonly replication?: number;
  readonly requestTimeoutMs?: number;
  /** False: missing topics stay missing. */
  readonly create?: boolean;
}

export function kafkaLog(kafka: TestKafka, pool: Pool, settings: KafkaLogSettings = {}): EventLog {
  const { replication = 1, requestTimeoutMs = 5_000, create = true } = settings;
  return createKafkaLog({
    connection: { bootstrapServers: kafka.bootstrap.split(","), clientId: "test", requestTimeoutMs },
    topics: { create, replication },
    clock: systemClock,
    nextGeneration: createGenerations(pool, systemClock),
  });
}
