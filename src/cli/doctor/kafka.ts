/** Checks that the Kafka brokers answer. */

import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { asError } from "../../core/errors.ts";
import { readSecurity } from "../../stores/eventlog/kafka-security.ts";
import { fail, pass, type Verdict } from "./check.ts";

/** Below the time of a check, so that the reason is told. */
const TIMEOUT_MS = 6_000;

export async function checkKafka({ kafka, roles }: Config): Promise<Verdict | null> {
  if (kafka === null || !(roles.includes("relay") || roles.includes("consumer"))) return null;
  const { bootstrapServers } = kafka;
  // The client is heavy, and few installations have brokers.
  const { askBrokers } = await import("../../stores/eventlog/kafka-brokers.ts");
  try {
    const brokers = await askBrokers(
      {
        bootstrapServers,
        clientId: "reco-doctor",
        requestTimeoutMs: Math.min(kafka.requestTimeoutMs, TIMEOUT_MS),
        security: readSecurity(kafka),
      },
      systemClock,
    );
    const needed = kafka.topicCreate ? kafka.topicReplication : 1;
    if (brokers.length >= needed) return pass(`brokers ${brokers.join(", ")}`);
    return fail(`KAFKA_TOPIC_REPLICATION is ${needed}, but there are ${brokers.length} brokers`);
  } catch (error) {
    return fail(`no broker answers: ${asError(error).message}; see KAFKA_BOOTSTRAP_SERVERS`);
  }
}
