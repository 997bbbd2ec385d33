/** The event log that the configuration names, for the actors that write and read it. */

import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { EventLog } from "../events/ports.ts";
import { createEmbeddedLog } from "../stores/eventlog/embedded.ts";
import { hasUnread } from "../stores/eventlog/embedded-unread.ts";
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
  // Loaded only where it is used: the client costs every realm 76 MB and a third of a second.
  const { createKafkaLog } = await import("../stores/eventlog/kafka.ts");
  return createSuccession({
    from: embedded,
    to: createKafkaLog({
      connection: {
        bootstrapServers: kafka.bootstrapServers,
        clientId,
        requestTimeoutMs: kafka.requestTimeoutMs,
      },
      topics: { create: kafka.topicCreate, replication: kafka.topicReplication },
      clock,
    }),
    isOver: async (group, topics) => !(await hasUnread(pool, group, topics, clock)),
  });
}
