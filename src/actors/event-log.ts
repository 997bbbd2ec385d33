/** The event log that the configuration names, for the actors that write and read it. */

import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import type { Random } from "../core/random.ts";
import type { PartitionBounds } from "../events/log-barrier.ts";
import type { EventLog } from "../events/ports.ts";
import { createEmbeddedLog } from "../stores/eventlog/embedded.ts";
import { readEmbeddedBounds } from "../stores/eventlog/embedded-bounds.ts";
import { hasUnread } from "../stores/eventlog/embedded-unread.ts";
import { createGenerations } from "../stores/eventlog/generations.ts";
import { readSecurity } from "../stores/eventlog/kafka-security.ts";
import { createSuccession } from "../stores/eventlog/succession.ts";
import type { Pool } from "../stores/postgres/pool-types.ts";

export interface EventLogParts {
  readonly config: Config;
  /** As brokers see this client. */
  readonly clientId: string;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly random: Random;
}

/** With Kafka, what the embedded log still holds for a group is read first. */
export async function openEventLog(parts: EventLogParts): Promise<EventLog> {
  const { config, clientId, pool, clock, random } = parts;
  const embedded = createEmbeddedLog({ pool, clock, random });
  const { kafka } = config;
  if (kafka === null) return embedded;
  const createLog = await loadDriver(kafka.driver);
  return createSuccession({
    from: embedded,
    to: createLog({
      connection: connectionOf(kafka, clientId),
      topics: { create: kafka.topicCreate, replication: kafka.topicReplication },
      clock,
      nextGeneration: createGenerations(pool, clock),
    }),
    isOver: async (group, topics) => !(await hasUnread(pool, group, topics, clock)),
  });
}

/** What the log, and the embedded one before it, hold of the topics that consumers read. */
export async function readLogBounds(
  parts: Omit<EventLogParts, "random">,
  deadline: Deadline,
): Promise<readonly PartitionBounds[]> {
  const { config, clientId, pool, clock } = parts;
  const topics = Object.values(config.topics);
  const embedded = await readEmbeddedBounds(pool, topics, deadline);
  if (config.kafka === null) return embedded;
  const { readKafkaBounds } = await import("../stores/eventlog/kafka-bounds.ts");
  return [...embedded, ...(await readKafkaBounds(connectionOf(config.kafka, clientId), topics, clock))];
}

const connectionOf = (kafka: NonNullable<Config["kafka"]>, clientId: string) => ({
  bootstrapServers: kafka.bootstrapServers,
  clientId,
  requestTimeoutMs: kafka.requestTimeoutMs,
  security: readSecurity(kafka),
});

/** Loaded only where it is used: the built-in client costs every realm 76 MB and a third of a second. */
async function loadDriver(driver: "kafka" | "confluent") {
  return driver === "kafka"
    ? (await import("../stores/eventlog/kafka.ts")).createKafkaLog
    : (await import("../stores/eventlog/confluent/confluent.ts")).createConfluentLog;
}
