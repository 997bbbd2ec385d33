/** Asks the brokers what they hold of all partitions of some topics. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { PartitionBounds } from "../../events/log-barrier.ts";
import { asDescribed, type KafkaConnection, withAdmin } from "./kafka-client.ts";

const EARLIEST = -2n;
const LATEST = -1n;

/** Throws when the brokers do not answer, or do not know a topic. */
export async function readKafkaBounds(
  connection: KafkaConnection,
  topics: readonly string[],
  clock: Clock,
): Promise<readonly PartitionBounds[]> {
  const deadline = Deadline.after(connection.requestTimeoutMs, clock);
  try {
    return await withAdmin(connection, clock, async (admin) => {
      const metadata = await deadline.race(admin.metadata({ topics: [...topics], forceUpdate: true }));
      const offsetsAt = async (timestamp: bigint) => {
        const requests = [...metadata.topics].map(([name, { partitions }]) => ({
          name,
          partitions: Object.keys(partitions).map((index) => ({ partitionIndex: Number(index), timestamp })),
        }));
        const listed = await deadline.race(admin.listOffsets({ topics: requests }));
        return new Map(
          listed.map(({ name, partitions }) => [
            name,
            new Map(partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset])),
          ]),
        );
      };
      // Ends first: what a start has passed by the time it is read, it has passed for good.
      const ends = await offsetsAt(LATEST);
      const starts = await offsetsAt(EARLIEST);
      return [...ends].flatMap(([topic, byPartition]) =>
        [...byPartition].map(([partition, end]) => ({
          topic,
          topicId: metadata.topics.get(topic)?.id ?? "",
          partition,
          start: starts.get(topic)?.get(partition) ?? 0n,
          end,
        })),
      );
    });
  } catch (error) {
    throw asDescribed(error);
  }
}
