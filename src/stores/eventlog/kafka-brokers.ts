/** Asks a Kafka cluster who it is. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asDescribed, type KafkaConnection, withAdmin } from "./kafka-client.ts";

/** The names of the brokers that answer. */
export async function askBrokers(connection: KafkaConnection, clock: Clock): Promise<readonly string[]> {
  const deadline = Deadline.after(connection.requestTimeoutMs, clock);
  try {
    const { brokers } = await withAdmin(connection, clock, (admin) =>
      deadline.race(admin.metadata({ topics: [] })),
    );
    return [...brokers.values()].map(({ host, port }) => `${host}:${port}`);
  } catch (error) {
    throw asDescribed(error);
  }
}
