/** Asks a Kafka cluster who it is. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asDescribed, type KafkaConnection, withAdmin } from "./kafka-client.ts";

/**
 * The names of the brokers of the cluster, from whichever of the servers answers first; one that hangs holds up nothing.
 * Throws when none answers, with the reason of each.
 */
export async function askBrokers(connection: KafkaConnection, clock: Clock): Promise<readonly string[]> {
  const deadline = Deadline.after(connection.requestTimeoutMs, clock);
  const ask = async (server: string): Promise<readonly string[]> => {
    const { brokers } = await withAdmin({ ...connection, bootstrapServers: [server] }, clock, (admin) =>
      deadline.race(admin.metadata({ topics: [] })),
    );
    return [...brokers.values()].map(({ host, port }) => `${host}:${port}`);
  };
  try {
    return await Promise.any(connection.bootstrapServers.map(ask));
  } catch (error) {
    const reasons = (error as AggregateError).errors.map(
      (reason, at) => `${connection.bootstrapServers[at]}: ${asDescribed(reason).message}`,
    );
    throw new Error(reasons.join("; "), { cause: error });
  }
}
