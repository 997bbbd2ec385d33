/** The event log on Kafka by Confluent's client, which runs on Node alone: one child a producer, one a group member. */

import type { Clock } from "../../../core/clock.ts";
import type { Deadline } from "../../../core/deadline.ts";
import type { EventLog } from "../../../events/ports.ts";
import type { NextGeneration } from "../generations.ts";
import { KafkaConsumer } from "../kafka-consumer.ts";
import { ConfluentGroup } from "./group.ts";
import { NodeChild } from "./node-child.ts";
import { ConfluentProducer } from "./producer.ts";
import type { ConfluentConnection } from "./properties.ts";
import type { TopicSettings } from "./topics.ts";

export interface ConfluentLogOptions {
  readonly connection: ConfluentConnection;
  readonly topics: TopicSettings;
  readonly clock: Clock;
  readonly nextGeneration: NextGeneration;
}

export function createConfluentLog(options: ConfluentLogOptions): EventLog {
  const { connection, topics, clock, nextGeneration } = options;
  return {
    producer: async () => new ConfluentProducer(connection, topics, clock),
    // The coordinator names the members: `memberId` is of no use to it.
    async subscribe(group, _memberId, names) {
      const member = new ConfluentGroup({ connection, group, topics: names, clock, nextGeneration });
      await member.start();
      return new KafkaConsumer({ membership: member, questions: member, fetcher: member, clock });
    },
  };
}

/** Throws ClientMissingError, with what to do about it, where the driver cannot run. */
export async function checkConfluentClient(deadline: Deadline): Promise<void> {
  const child = await NodeChild.start(deadline);
  child.kill();
}
