/** The part of the configuration that decides what an accepted event writes. */

import type { Config } from "./config.ts";

export const planOptions = ({ topics, outbox, ingest }: Config) => ({
  topics,
  outboxPartitions: outbox.partitions,
  maxAttempts: outbox.maxAttempts,
  maxEventBytes: ingest.maxEventBytes,
});
