/** The event log on Apache Kafka, or whatever speaks its protocol. */

import type { Clock } from "../../core/clock.ts";
import type { EventLog } from "../../events/ports.ts";
import type { KafkaConnection } from "./kafka-client.ts";
import { KafkaConsumer } from "./kafka-consumer.ts";
import { KafkaFetcher } from "./kafka-fetcher.ts";
import { KafkaMembership } from "./kafka-membership.ts";
import { KafkaProducer } from "./kafka-producer.ts";
import type { TopicSettings } from "./kafka-topics.ts";

export interface KafkaLogOptions {
  readonly connection: KafkaConnection;
  readonly topics: TopicSettings;
  readonly clock: Clock;
}

export function createKafkaLog({ connection, topics, clock }: KafkaLogOptions): EventLog {
  return {
    producer: async () => new KafkaProducer(connection, topics, clock),
    // The coordinator names the members: `memberId` is of no use to it.
    async subscribe(group, _memberId, names) {
      const membership = new KafkaMembership(connection, group, names, clock);
      await membership.start();
      return new KafkaConsumer(membership, new KafkaFetcher(connection, names, clock), clock);
    },
  };
}
