/** The relay's loops: leases, rounds, backlog gauges, and their ordered end. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { Nap } from "../core/nap.ts";
import type { Random } from "../core/random.ts";
import { jittered } from "../core/retry-delay.ts";
import type { EventLog, EventLogProducer, OutboxSnapshot, OutboxStore } from "../events/ports.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { watchBacklog } from "./relay-backlog.ts";
import { BlockedKeys } from "./relay-blocked.ts";
import { RelayBreaker } from "./relay-breaker.ts";
import { maintainLeases, maintainOnce } from "./relay-lease-loop.ts";
import { RelayLeases } from "./relay-leases.ts";
import { createRelayMetrics, type RelayMetrics } from "./relay-metrics.ts";
import { type RoundOutcome, type RoundPorts, runRound } from "./relay-round.ts";
import type { RelaySettings } from "./relay-settings.ts";
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
const MIN_ERROR_PAUSE_MS = 50;
const JITTER = 0.2;
/** Enough rows that one bad row does not keep the breaker open. */
const PROBE_ROWS = 20;

/** idle -> starting -> running -> stopping -> stopped; any throw of a loop ends all loops and rejects `run`. */
export class Relay {
  readonly #ports: RelayPorts;
  readonly #metrics: RelayMetrics;
  readonly #blocked = new BlockedKeys();
  readonly #leases: RelayLeases;
  readonly #breaker: RelayBreaker;
  readonly #hint: Nap;
  readonly #stop = new AbortController();
  #producer: EventLogProducer | null = null;
  #running: Promise<unknown> = Promise.resolve();
  #inRound = false;

  constructor(ports: RelayPorts) {
    this.#ports = ports;
    this.#metrics = createRelayMetrics(ports.metrics);
    this.#leases = new RelayLeases(ports.outbox, ports.settings, ports.clock, this.#blocked);
    this.#breaker = new RelayBreaker(ports.random);
    this.#hint = new Nap(ports.clock);
  }

  /** True while a round is under way. */
  get busy(): boolean {
    return this.#inRound;
  }

  /** Says that rows may be due. */
  wake(): void {
    this.#hint.wake();
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
    this.#hint.wake();
  }

  async #run(): Promise<void> {
    const producer = await this.#startProducer();
    if (producer === null) return;
    this.#producer = producer;
    const { settings, readBacklog, clock, random, log } = this.#ports;
    const metrics = this.#metrics;
    const leases = {
      settings,
      leases: this.#leases,
      clock,
      random,
      log,
      metrics,
      onTaken: () => this.#hint.wake(),
    };
    await maintainOnce(leases);
    await Promise.all([
      maintainLeases(leases, this.#stop.signal),
      this.#roundLoop(producer),
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

  async #roundLoop(producer: EventLogProducer): Promise<void> {
    const { settings, outbox, clock, log } = this.#ports;
    const round: RoundPorts = {
      settings,
      outbox,
      producer,
      leases: this.#leases,
      blocked: this.#blocked,
      clock,
      log,
      metrics: this.#metrics,
      progress: this.#ports.progress,
    };
    while (!this.#stop.signal.aborted) {
      this.#ports.progress();
      const waitMs = this.#breaker.waitMs(clock.monotonicMs());
      if (waitMs > 0) {
        await clock.sleep(waitMs, this.#stop.signal);
        continue;
      }
      this.#inRound = true;
      const outcome = await runRound(round, this.#breaker.isOpen ? PROBE_ROWS : settings.outbox.batchSize);
      this.#inRound = false;
      await this.#after(outcome);
    }
  }

  async #after(outcome: RoundOutcome): Promise<void> {
    const { settings, clock, random, log } = this.#ports;
    const pollMs = settings.outbox.pollIntervalMs;
    switch (outcome.kind) {
      case "idle":
        return this.#hint.sleep(jittered(pollMs, JITTER, random));
      case "failed":
        return clock.sleep(Math.max(pollMs, MIN_ERROR_PAUSE_MS), this.#stop.signal);
      case "worked": {
        if (outcome.acked > 0) this.#ports.onPublished();
        if (outcome.sent === 0) return;
        const transition = this.#breaker.record(outcome.logDown, clock.monotonicMs());
        if (transition) log.warn({ to: transition }, "relay.breaker");
      }
    }
  }
}
