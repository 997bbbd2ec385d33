/** The product's own relay, consumer and ingest, each started over the ports of a simulated process. */

import { createConsumer } from "../../src/actors/consumer.ts";
import { tellApplied } from "../../src/actors/consumer-notify.ts";
import { createIngestService } from "../../src/actors/http-ingest.ts";
import type { HttpMessage } from "../../src/actors/http-message.ts";
import { createRelay } from "../../src/actors/relay.ts";
import type { Deadline } from "../../src/core/deadline.ts";
import type { ConsumerStore, EventLog, IngestPlan, OutboxStore } from "../../src/events/ports.ts";
import type { IngestService } from "../../src/http/services.ts";
import { CacheProbe } from "./cache-probe.ts";
import { createLog } from "./log-client.ts";
import { type Attempts, observeOutbox } from "./observers.ts";
import type { Realm } from "./realm.ts";
import { CONSUMER, LOG_PARTITIONS, OUTBOX, TOPICS } from "./settings.ts";
import { createStorePorts } from "./store-ports.ts";
import type { Stores } from "./stores.ts";
import { createTelemetry } from "./telemetry.ts";
import { Wire } from "./wire.ts";
import type { World } from "./world.ts";

/** What a mutant puts between the product and its ports. */
export interface Mutation {
  readonly outbox?: (port: OutboxStore, setting: Setting) => OutboxStore;
  readonly consumer?: (port: ConsumerStore, setting: Setting) => ConsumerStore;
  readonly log?: (port: EventLog, setting: Setting) => EventLog;
}

export interface Setting {
  readonly world: World;
  readonly stores: Stores;
  readonly mutation: Mutation;
  readonly attempts: Attempts;
  /** Hands a hint to all processes of a kind; it may be late or lost. */
  hint(to: Process["kind"], deliver: (process: Process) => void): void;
  /** A background loop ended by itself. */
  failed(realm: Realm, error: unknown): void;
}

export interface Process {
  readonly kind: "relay" | "consumer" | "http";
  readonly realm: Realm;
  wake(): void;
  /** Of http processes. */
  readonly ingest?: IngestService;
  readonly cache?: CacheProbe;
  /** False when the stop said that something was left behind. */
  stop(): Promise<boolean>;
}

const logOf = (setting: Setting, realm: Realm): EventLog => {
  const { world, stores, mutation } = setting;
  const log = createLog({ world, model: stores.log, wire: new Wire(world, realm), clock: realm.clock });
  return mutation.log?.(log, setting) ?? log;
};

export function startRelay(setting: Setting, realm: Realm): Process {
  const { world, stores, mutation } = setting;
  const { outbox, call } = createStorePorts(world, realm, stores);
  const { clock, random } = realm;
  const telemetry = createTelemetry(world, realm.name);
  const relay = createRelay({
    settings: {
      relayId: realm.name,
      outbox: OUTBOX,
      topics: Object.values(TOPICS),
      topicPartitions: LOG_PARTITIONS,
    },
    outbox: observeOutbox(mutation.outbox?.(outbox, setting) ?? outbox, stores, world),
    eventLog: logOf(setting, realm),
    readBacklog: (deadline) => call("backlog", deadline, () => backlogOf(stores)),
    checkStore: (deadline) => call("checkStore", deadline, () => {}),
    onPublished: () => setting.hint("consumer", (process) => process.wake()),
    ...{ clock, random, log: telemetry.log, metrics: telemetry.metrics, progress: () => {} },
  });
  relay.run().catch((error) => setting.failed(realm, error));
  return {
    kind: "relay",
    realm,
    wake: () => relay.wake(),
    stop: async () => {
      await relay.stop();
      return !telemetry.stopFailed;
    },
  };
}

const backlogOf = ({ outbox }: Stores) => ({
  pending: outbox.count("pending"),
  publishing: 0,
  published: outbox.count("published"),
  dead: outbox.count("dead"),
  oldestLagMs: 0,
});

export function startConsumer(setting: Setting, realm: Realm): Process {
  const { world, stores, mutation } = setting;
  const store = createStorePorts(world, realm, stores).consumer;
  const { clock, random } = realm;
  const telemetry = createTelemetry(world, realm.name);
  const http = {
    offer: ({ change }: Extract<HttpMessage, { kind: "applied" }>) => {
      setting.hint("http", ({ cache }) => cache?.invalidate(change.userIds));
      return { sent: true } as const;
    },
  };
  const consumer = createConsumer({
    settings: {
      memberId: realm.name,
      consumer: CONSUMER,
      kinds: new Map([
        [TOPICS.impressions, "impression"],
        [TOPICS.watches, "watch"],
      ]),
      restarted: realm.incarnation > 1,
    },
    eventLog: logOf(setting, realm),
    store: setting.attempts.observe(mutation.consumer?.(store, setting) ?? store, stores, world),
    onApplied: (change) => tellApplied([http as never], change),
    ...{ clock, random, log: telemetry.log, metrics: telemetry.metrics, progress: () => {} },
  });
  consumer.run().catch((error) => setting.failed(realm, error));
  return {
    kind: "consumer",
    realm,
    wake: () => consumer.wake(),
    stop: async () => {
      await consumer.stop();
      return !telemetry.stopFailed;
    },
  };
}

export function startHttp(setting: Setting, realm: Realm): Process {
  const { world, stores } = setting;
  const ports = createStorePorts(world, realm, stores);
  const cache = new CacheProbe(world, realm, stores, ports);
  const ingest = createIngestService({
    store: ports.ingest,
    clock: realm.clock,
    onApplied: ({ userIds }) => cache.invalidate(userIds),
    onWatches: () => {},
    onOutbox: () => setting.hint("relay", (process) => process.wake()),
    // Long turns, so that requests of several clients share a group.
    nextTurn: (start) => void realm.clock.schedule(world.random.next() * 150, start),
  });
  return {
    kind: "http",
    realm,
    wake: () => {},
    ingest: {
      accept: (plans: readonly IngestPlan[], deadline: Deadline) => ingest.accept(plans, deadline),
    },
    cache,
    stop: async () => {
      await ingest[Symbol.asyncDispose]();
      return true;
    },
  };
}
