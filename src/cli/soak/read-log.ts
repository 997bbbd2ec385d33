/** Reads the whole event log of a run, whichever it is, in the order of its partitions. */

import { openEventLog } from "../../actors/event-log.ts";
import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { systemRandom } from "../../core/random.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";
import type { Logged } from "./order.ts";

const POLL = { maxRecords: 1_000, timeoutMs: 500, signal: new AbortController().signal };

/** As a group of its own, so that it takes nothing from the trees. Throws CommandError when time is up. */
export async function readLog(config: Config, pool: Pool, deadline: Deadline): Promise<readonly Logged[]> {
  const topics = Object.values(config.topics);
  const partitions = topics.length * (config.kafka?.topicPartitions ?? config.eventLog.partitions);
  const log = await openEventLog({
    config,
    clientId: "reco-soak",
    pool,
    clock: systemClock,
    random: systemRandom,
  });
  await using consumer = await log.subscribe(`${config.consumer.groupId}-audit`, "reco-soak", topics);
  const logged: Logged[] = [];
  while (!deadline.expired) {
    const records = await consumer.poll(POLL);
    for (const { topic, key, headers } of records) {
      const eventId = headers["event_id"] ?? "";
      logged.push({ topic, userId: Buffer.from(key ?? []).toString("utf8"), eventId });
    }
    if (records.length > 0) continue;
    const lags = await consumer.lag();
    if (lags.length >= partitions && lags.every(({ lag }) => lag === 0)) return logged;
  }
  throw new CommandError(EXIT_FAILED, "the event log was not read to its end in time");
}
