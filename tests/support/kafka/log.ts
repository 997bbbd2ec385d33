/** The event log of a test on its brokers, and what the test does to it past the actors. */

import { expect } from "bun:test";
import { Admin } from "@platformatic/kafka";
import { systemClock } from "../../../src/core/clock.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { foldInteractions } from "../../../src/events/fold.ts";
import { effectiveInteraction } from "../../../src/events/interaction.ts";
import type { WatchEvent } from "../../../src/events/model.ts";
import type { EventLog, LogRecord } from "../../../src/events/ports.ts";
import { createGenerations, type NextGeneration } from "../../../src/stores/eventlog/generations.ts";
import { createKafkaLog } from "../../../src/stores/eventlog/kafka.ts";
import type { Pool } from "../../../src/stores/postgres/pool-types.ts";
import { asMessage, LOG_PARTITIONS, query, TOPICS } from "../backbone.ts";
import { eventually } from "../eventually.ts";
import { asTables, HALF_LIFE_HOURS, readFeatures } from "../feature-tables.ts";
import { aWatchEvent, NOW_MS } from "../plans.ts";
import type { TestKafka } from "./broker.ts";

export interface KafkaLogSettings {
  /** In place of the store's numbers. */
  readonly nextGeneration?: NextGeneration;
  readonly replication?: number;
  readonly requestTimeoutMs?: number;
  /** False: missing topics stay missing. */
  readonly create?: boolean;
}

export function kafkaLog(kafka: TestKafka, pool: Pool, settings: KafkaLogSettings = {}): EventLog {
  const { replication = 1, requestTimeoutMs = 5_000, create = true, nextGeneration } = settings;
  return createKafkaLog({
    connection: { bootstrapServers: kafka.bootstrap.split(","), clientId: "test", requestTimeoutMs },
    topics: { create, replication },
    clock: systemClock,
    nextGeneration: nextGeneration ?? createGenerations(pool, systemClock),
  });
}

/** Watches of twelve users in the order of event time; `first` numbers them. */
export const someWatches = (count: number, first = 0): readonly WatchEvent[] =>
  Array.from({ length: count }, (_, at) => {
    const index = first + at;
    return aWatchEvent({
      eventId: `kafka-${String(index).padStart(5, "0")}`,
      userId: `u-${index % 12}`,
      itemId: `i-${(index * 5) % 17}`,
      tsMs: NOW_MS - 6_000_000 + index * 1000,
      watchTimeSec: (index * 13) % 150,
    });
  });

export async function makeTopics(log: EventLog, partitions = LOG_PARTITIONS): Promise<void> {
  await using producer = await log.producer();
  for (const topic of Object.values(TOPICS)) await producer.ensureTopic(topic, partitions);
}

/** Appends past the outbox, in order; every record is acknowledged. */
export async function send(log: EventLog, watches: readonly WatchEvent[]): Promise<void> {
  await using producer = await log.producer();
  const results = await producer.produce(
    watches.map((watch) => asMessage(watch)),
    Deadline.after(15_000),
  );
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["acked"]));
}

/** Waits until so many watches are applied, then holds the features against the fold of exactly these. */
export async function expectApplied(pool: Pool, watches: readonly WatchEvent[], timeoutMs = 120_000) {
  await eventually(
    async () => {
      const [row] = await query(pool, "select count(*)::int as applied from events");
      expect(row).toEqual({ applied: watches.length });
    },
    { timeoutMs, intervalMs: 100 },
  );
  const expected = foldInteractions(
    watches.map((watch) => effectiveInteraction(watch, NOW_MS)),
    { historySize: 20, halfLifeHours: HALF_LIFE_HOURS },
  );
  expect(await readFeatures(pool)).toEqual(asTables(expected));
  expect(await query(pool, "select 1 from feature_consumer_dlq")).toEqual([]);
}

/** Everything the log holds of a topic, in the order of each partition, read by a group of its own. */
export async function readAll(log: EventLog, topic: string, atLeast: number): Promise<readonly LogRecord[]> {
  const name = `audit-${crypto.randomUUID()}`;
  await using consumer = await log.subscribe(name, name, [topic]);
  const records: LogRecord[] = [];
  const signal = new AbortController().signal;
  await eventually(
    async () => {
      records.push(...(await consumer.poll({ maxRecords: 10_000, timeoutMs: 300, signal })));
      expect(records.length).toBeGreaterThanOrEqual(atLeast);
      const lags = await consumer.lag();
      expect(lags.length).toBeGreaterThan(0);
      expect(lags.every(({ lag }) => lag === 0)).toBe(true);
    },
    { timeoutMs: 30_000 },
  );
  return records;
}

/** Event ids of each user by first appearance. */
export function firstAppearances(records: readonly LogRecord[]): Record<string, string[]> {
  const seen: Record<string, string[]> = {};
  for (const { key, headers } of records) {
    const user = Buffer.from(key ?? []).toString();
    const ids = seen[user] ?? [];
    seen[user] = ids;
    const id = headers["event_id"] ?? "";
    if (!ids.includes(id)) ids.push(id);
  }
  return seen;
}

export async function withCluster<T>(kafka: TestKafka, ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({
    clientId: "test-admin",
    bootstrapBrokers: kafka.bootstrap.split(","),
    retries: 10,
    retryDelay: 300,
  });
  try {
    return await ask(admin);
  } finally {
    await admin.close();
  }
}
