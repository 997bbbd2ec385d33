/** What the simulated tree is configured with: times short enough to fail and recover in a minute. */

import type { Config } from "../../src/config/config.ts";
import type { PlanOptions } from "../../src/events/plan.ts";

export const TOPICS = { impressions: "impressions", watches: "watches" } as const;
export const OUTBOX_PARTITIONS = 4;
export const LOG_PARTITIONS = 2;
export const GROUP = "features";
/** How old an event may be at ingest; at consume it may be of any age. */
export const INGEST_WINDOW_MS = 60_000;

export const OUTBOX: Config["outbox"] = {
  maxAttempts: 3,
  partitions: OUTBOX_PARTITIONS,
  retentionHours: 72,
  highWater: 1_000_000,
  pollIntervalMs: 150,
  batchSize: 20,
  leaseSec: 3,
  baseRetrySec: 2,
  maxRetrySec: 8,
  publishTimeoutMs: 1_000,
  startupMaxRetries: 0,
  startupBackoffMs: 200,
  shutdownMs: 5_000,
};

export const CONSUMER: Config["consumer"] = {
  workers: 2,
  groupId: GROUP,
  clientId: "consumer",
  pollTimeoutMs: 500,
  maxPollRecords: 12,
  maxRetriesPerMessage: 3,
  startupMaxRetries: 0,
  startupBackoffMs: 200,
  shutdownMs: 5_000,
  historySize: 4,
};

export const PLAN: PlanOptions = {
  topics: TOPICS,
  outboxPartitions: OUTBOX_PARTITIONS,
  maxAttempts: OUTBOX.maxAttempts,
  // Above the limit of the simulated log, so that rows which it refuses get there.
  maxEventBytes: 900_000,
};

/** Of the simulated log. */
export const MAX_RECORD_BYTES = 2_000;
