/** The relay's loops: leases, rounds, backlog gauges, and their ordered end. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { EventLog, EventLogProducer, OutboxSnapshot, OutboxStore } from "../events/ports.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { watchBacklog } from "./relay-backlog.ts";
import { BlockedKeys } from "./relay-blocked.ts";
import { RelayLanes } from "./relay-lanes.ts";
import { maintainLeases, maintainOnce } from "./relay-lease-loop.ts";
import { RelayLeases } from "./relay-leases.ts";
import { createRelayMetrics, type RelayMetrics } from "./relay-metrics.ts";
import { Reservations } from "./relay-reservations.ts";
import type { RelaySettings } from "./relay-settings.ts";
import { Turns } from "./relay-turns.ts";
import { retryStartup } from "./startup-retry.ts";

export interface RelayPorts {
  readonly settings: RelaySettings;
  readonly outbox: OutboxStore;
  readonly eventLog: EventLog;
  readonly readBacklog: (deadline: Deadline) => Promise<OutboxSnapshot>;
  /** Throws until the store is as this relay needs it. */
  readonly checkStore: (deadline: Deadline) => Promise<void>;
  /** Called after records were appended. */
  readonly onPublished: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly progress: () => void;
}

const STORE_TIMEOUT_MS = 10_000;

/** idle -> starting -> running -> stopping -> stopped; any throw of a loop ends all loops and rejects `run`. */
export class Relay {
  readonly #ports: RelayPorts;
  readonly #metrics: RelayMetrics;
  readonly #blocked = new BlockedKeys();
  readonly #reservations = new Reservations();
  readonly #leases: RelayLeases;
  readonly #stop = new AbortController();
  #producer: EventLogProducer | null = null;
  #lanes: RelayLanes | null = null;
  #running: Promise<unknown> = Promise.resolve();

  constructor(ports: RelayPorts) {
    this.#ports = ports;
    this.#metrics = createRelayMetrics(ports.metrics);
    const { outbox, settings, clock } = ports;
    this.#leases = new RelayLeases(outbox, settings, clock, this.#blocked, this.#reservations);
  }

  /** True while a round is under way. */
  get busy(): boolean {
    return this.#lanes?.busy ?? false;
  }

  /** Says that rows may be due. */
  wake(): void {
    this.#lanes?.wake();
  }

  /** Runs until `stop`. Rejects when start-up retries are used up, and for bugs. */
  run(): Promise<void> {
    const running = this.#run().finally(() => this.#abort());
    this.#running = running.catch(() => {}); // The caller of `run` sees the failure.
    return running;
  }

  /** Finishes the round in flight, gives the leases back and closes the producer, all within the shutdown time. */
  async stop(): Promise<void> {
    const { settings, clock, log } = this.#ports;
    const deadline = Deadline.after(settings.outbox.shutdownMs, clock);
    this.#abort();
    let finished = false;
    const running = this.#running.then(() => {
      finished = true;
    });
    try {
      await deadline.race(running);
      await deadline.race(this.#leases.leave(deadline));
      await deadline.race(Promise.resolve(this.#producer?.[Symbol.asyncDispose]()));
    } catch (error) {
      // Killing at any moment is safe: the rows in flight are still pending, and the leases run out.
      this.#metrics.error(finished ? "stop" : "stop_timeout");
      log.warn({ error: asError(error).message }, "relay.stop_incomplete");
    }
  }

  #abort(): void {
    this.#stop.abort();
    this.wake();
  }

  async #run(): Promise<void> {
    const producer = await this.#startProducer();
    if (producer === null) return;
    this.#producer = producer;
    const { settings, outbox, readBacklog, clock, random, log, progress, onPublished } = this.#ports;
    const metrics = this.#metrics;
    const shared = { settings, leases: this.#leases, clock, log, metrics };
    const lanes = new RelayLanes({
      round: {
        ...shared,
        outbox,
        producer,
        turns: new Turns(),
        reservations: this.#reservations,
        blocked: this.#blocked,
        progress,
      },
      random,
      onPublished,
    });
    this.#lanes = lanes;
    const leases = { ...shared, random, onTaken: () => this.wake() };
    await maintainOnce(leases);
    await Promise.all([
      maintainLeases(leases, this.#stop.signal),
      lanes.run(this.#stop.signal),
      watchBacklog({ readBacklog, clock, log, metrics }, this.#stop.signal),
    ]);
  }

  #startProducer(): Promise<EventLogProducer | null> {
    const { settings, clock, log, eventLog, checkStore, progress } = this.#ports;
    const connect = async () => {
      await checkStore(Deadline.after(STORE_TIMEOUT_MS, clock));
      const producer = await eventLog.producer();
      for (const topic of settings.topics) await producer.ensureTopic(topic, settings.topicPartitions);
      return producer;
    };
    return retryStartup(connect, {
      maxRetries: settings.outbox.startupMaxRetries,
      backoffMs: settings.outbox.startupBackoffMs,
      clock,
      signal: this.#stop.signal,
      progress,
      onFailure: (error, attempt) => {
        this.#metrics.error("startup");
        log.warn({ attempt, error: error.message }, "relay.startup_failed");
      },
    });
  }
}
