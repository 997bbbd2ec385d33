/** The pipeline of a test: relays and consumers on one database, with times short enough to fail and recover in. */

import { createConsumer } from "../../src/actors/consumer.ts";
import type { Consumer, ConsumerPorts } from "../../src/actors/consumer-runner.ts";
import { createRelay } from "../../src/actors/relay.ts";
import type { Relay, RelayPorts } from "../../src/actors/relay-runner.ts";
import type { RelaySettings } from "../../src/actors/relay-settings.ts";
import type { Config } from "../../src/config/config.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { LogEvent } from "../../src/events/model.ts";
import { planEvent } from "../../src/events/plan.ts";
import type { ProduceRecord } from "../../src/events/ports.ts";
import { encodeLogEvent } from "../../src/events/wire.ts";
import { createEmbeddedLog } from "../../src/stores/eventlog/embedded.ts";
import { createConsumerStore } from "../../src/stores/postgres/consumer-store.ts";
import { createIngestStore } from "../../src/stores/postgres/ingest-store.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { readOutboxSnapshot } from "../../src/stores/postgres/outbox-snapshot.ts";
import { createOutboxStore } from "../../src/stores/postgres/outbox-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import type { Logger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import type { Labels, Metrics } from "../../src/telemetry/metrics-types.ts";

export const OUTBOX_PARTITIONS = 8;
export const LOG_PARTITIONS = 4;
export const TOPICS = { impressions: "test.impressions", watches: "test.watches" } as const;
export const GROUP = "test-group";

export const silentLog: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  serialised() {},
  child: () => silentLog,
};

export const OUTBOX_CONFIG: Config["outbox"] = {
  maxAttempts: 25,
  partitions: OUTBOX_PARTITIONS,
  retentionHours: 72,
  highWater: 1_000_000,
  pollIntervalMs: 20,
  batchSize: 1000,
  leaseSec: 3,
  baseRetrySec: 1,
  maxRetrySec: 60,
  publishTimeoutMs: 1_000,
  startupMaxRetries: 0,
  startupBackoffMs: 50,
  shutdownMs: 5_000,
};

export const CONSUMER_CONFIG: Config["consumer"] = {
  workers: 1,
  groupId: GROUP,
  clientId: "test-consumer",
  pollTimeoutMs: 100,
  maxPollRecords: 500,
  maxRetriesPerMessage: 3,
  startupMaxRetries: 0,
  startupBackoffMs: 50,
  shutdownMs: 5_000,
  historySize: 20,
};

export const embeddedLog = (pool: Pool) =>
  createEmbeddedLog({
    pool,
    clock: systemClock,
    random: systemRandom,
    group: { leaseMs: 900, renewMs: 300 },
  });

export const storeOf = (pool: Pool) =>
  createConsumerStore({ pool, historySize: 20, origin: { node: "test-node", appVersion: "0.0.0" } });

let relays = 0;

export function relaySettings(over: Partial<Config["outbox"]> = {}): RelaySettings {
  return {
    relayId: `relay-${++relays}`,
    outbox: { ...OUTBOX_CONFIG, ...over },
    topics: Object.values(TOPICS),
    topicPartitions: LOG_PARTITIONS,
  };
}

export interface Running<Actor> extends AsyncDisposable {
  readonly actor: Actor;
  readonly metrics: Metrics;
  /** Settles when the loops ended; the error that ended them, or null. */
  readonly ended: Promise<unknown>;
}

/** A running relay; it gives its leases back at the end of its scope, unless it crashed. */
export function startRelay(
  pool: Pool,
  over: Partial<Omit<RelayPorts, "settings" | "metrics">> & { outboxConfig?: Partial<Config["outbox"]> } = {},
): Running<Relay> {
  const metrics = createMetrics();
  const { outboxConfig, ...ports } = over;
  const relay = createRelay({
    settings: relaySettings(outboxConfig),
    outbox: createOutboxStore(pool),
    eventLog: embeddedLog(pool),
    readBacklog: (deadline) => readOutboxSnapshot(pool, deadline),
    checkStore: (deadline) => ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, deadline),
    onPublished: () => {},
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics,
    progress: () => {},
    ...ports,
  });
  return running(relay, metrics);
}

let members = 0;

/** A running consumer; it leaves its group at the end of its scope. */
export function startConsumer(
  pool: Pool,
  over: Partial<Omit<ConsumerPorts, "settings" | "metrics">> & {
    consumerConfig?: Partial<Config["consumer"]>;
    restarted?: boolean;
  } = {},
): Running<Consumer> {
  const metrics = createMetrics();
  const { consumerConfig, restarted = false, ...ports } = over;
  const consumer = createConsumer({
    settings: {
      memberId: `member-${process.pid}-${++members}`,
      consumer: { ...CONSUMER_CONFIG, ...consumerConfig },
      kinds: new Map([
        [TOPICS.impressions, "impression"],
        [TOPICS.watches, "watch"],
      ]),
      restarted,
    },
    eventLog: embeddedLog(pool),
    store: storeOf(pool),
    onApplied: () => {},
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics,
    progress: () => {},
    ...ports,
  });
  return running(consumer, metrics);
}

function running<A extends { run(): Promise<void>; stop(): Promise<void> }>(
  actor: A,
  metrics: Metrics,
): Running<A> {
  const ended = actor.run().then(
    () => null,
    (error) => error,
  );
  return { actor, metrics, ended, [Symbol.asyncDispose]: () => actor.stop() };
}

/** The value of a counter, gauge, or histogram's count; 0 when it was never set. */
export function metricValue(metrics: Metrics, name: string, labels: Labels = {}): number {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const series = metrics
    .snapshot()
    .series.find(
      (entry) => entry.name === name && JSON.stringify(Object.entries(entry.labels).sort()) === wanted,
    );
  return series?.values.at(-1) ?? 0;
}

/** Accepts log events as ingest does: ledger, fact and outbox row in one transaction. */
export async function ingest(pool: Pool, events: readonly LogEvent[]): Promise<void> {
  const plans = events.map((event) => {
    const plan = planEvent(event, new Uint8Array(32), {
      topics: TOPICS,
      outboxPartitions: OUTBOX_PARTITIONS,
      maxAttempts: OUTBOX_CONFIG.maxAttempts,
      maxEventBytes: 900_000,
    });
    if (!plan.ok) throw new Error(plan.error);
    return plan.value;
  });
  await createIngestStore(pool, systemClock).accept(plans, Deadline.after(10_000));
}

/** The message of an event as the relay would send it. */
export const asMessage = (event: LogEvent, headers: Record<string, string> = {}): ProduceRecord => ({
  topic: event.kind === "watch" ? TOPICS.watches : TOPICS.impressions,
  key: event.userId,
  value: Buffer.from(encodeLogEvent(event)),
  headers: { event_id: event.eventId, schema_version: "1", ...headers },
});

/** Appends to the log past the outbox; makes the topics on the way. */
export async function append(pool: Pool, records: readonly ProduceRecord[]): Promise<void> {
  await using producer = await embeddedLog(pool).producer();
  for (const topic of Object.values(TOPICS)) await producer.ensureTopic(topic, LOG_PARTITIONS);
  const results = await producer.produce(records, Deadline.after(10_000));
  const failed = results.find((result) => result.status !== "acked");
  if (failed) throw new Error(JSON.stringify(failed));
}

export type Row = Record<string, unknown>;

/** One statement on the test's database. */
export const query = (pool: Pool, text: string): Promise<Row[]> =>
  pool.use("read", Deadline.after(10_000), async (sql) => [...(await sql.unsafe(text))]);

/** Event ids in the order of the log, by user. */
export async function loggedByUser(pool: Pool): Promise<Map<string, string[]>> {
  const rows = await query(
    pool,
    `select convert_from(key, 'UTF8') as user_id, headers->>'event_id' as event_id
     from event_log order by topic, partition, "offset"`,
  );
  const logged = new Map<string, string[]>();
  for (const { user_id: user, event_id: id } of rows) {
    logged.set(String(user), [...(logged.get(String(user)) ?? []), String(id)]);
  }
  return logged;
}
