/** The event log on Apache Kafka, or whatever speaks its protocol. */

import type { Clock } from "../../core/clock.ts";
import type { EventLog } from "../../events/ports.ts";
import type { NextGeneration } from "./generations.ts";
import type { KafkaConnection } from "./kafka-client.ts";
import { KafkaConsumer } from "./kafka-consumer.ts";
import { KafkaFetcher } from "./kafka-fetcher.ts";
import { KafkaMembership } from "./kafka-membership.ts";
import { KafkaProducer } from "./kafka-producer.ts";
import { KafkaQuestions } from "./kafka-questions.ts";
import type { TopicSettings } from "./kafka-topics.ts";

export interface KafkaLogOptions {
  readonly connection: KafkaConnection;
  readonly topics: TopicSettings;
  readonly clock: Clock;
  readonly nextGeneration: NextGeneration;
}

export function createKafkaLog({ connection, topics, clock, nextGeneration }: KafkaLogOptions): EventLog {
  return {
    producer: async () => new KafkaProducer(connection, topics, clock),
    async subscribe(group, memberId, names) {
      const questions = new KafkaQuestions(connection, group, clock);
      const membership = new KafkaMembership({
        connection,
        group,
        memberId,
        topics: names,
        clock,
        questions,
        nextGeneration,
      });
      await membership.start();
      return new KafkaConsumer({
        membership,
        questions,
        fetcher: new KafkaFetcher(connection, clock),
        clock,
      });
    },
  };
}
