/** Asks a Kafka cluster who it is. */

import { Admin } from "@platformatic/kafka";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { clientOptions, describe, type KafkaConnection } from "./kafka-client.ts";

/** The names of the brokers that answer. */
export async function askBrokers(connection: KafkaConnection): Promise<readonly string[]> {
  const admin = new Admin(clientOptions(connection));
  try {
    const { brokers } = await Deadline.after(connection.requestTimeoutMs).race(
      admin.metadata({ topics: [] }),
    );
    return [...brokers.values()].map(({ host, port }) => `${host}:${port}`);
  } catch (error) {
    throw new Error(describe(asError(error)));
  } finally {
    await admin.close().catch(() => {}); // Nothing of it is used any more.
  }
}
