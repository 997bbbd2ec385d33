/** The event log on PostgreSQL: topics, partitions and groups with the meaning they have in Kafka. */

import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import type { EventLog } from "../../events/ports.ts";
import type { Pool } from "../postgres/pool-types.ts";
import { EmbeddedConsumer } from "./embedded-consumer.ts";
import { GroupMembership, type GroupTimes } from "./embedded-group.ts";
import { EmbeddedProducer } from "./embedded-producer.ts";

export interface EmbeddedLogOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly random: Random;
  /** Lease of a partition and how often it is renewed, in ms; default 15 000 and 5 000. */
  readonly group?: GroupTimes;
}

const GROUP_TIMES: GroupTimes = { leaseMs: 15_000, renewMs: 5_000 };

export function createEmbeddedLog({
  pool,
  clock,
  random,
  group = GROUP_TIMES,
}: EmbeddedLogOptions): EventLog {
  return {
    producer: async () => new EmbeddedProducer(pool, clock, random),
    async subscribe(groupName, memberId, topics) {
      const membership = new GroupMembership({
        pool,
        clock,
        group: groupName,
        memberId,
        topics,
        times: group,
      });
      await membership.start();
      return new EmbeddedConsumer({ pool, clock, random, group: groupName, memberId, membership });
    },
  };
}
