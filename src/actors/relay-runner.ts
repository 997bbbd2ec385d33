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
import { Reservations } from "./relay-reservations.ts";
import { type RoundOutcome, type RoundPorts, runRound } from "./relay-round.ts";
import type { RelaySettings } from "./relay-settings.ts";
import { inTurns } from "./relay-turns.ts";
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
/**
 * Each lane has its share of the partitions and one round at a time: while one waits for the log, the other claims or
 * marks (docs/adr/0011).
 */
const LANES = 2;
/** Goes on alone, for all partitions, while the log is out of reach. */
const PROBING_LANE = 0;

/** idle -> starting -> running -> stopping -> stopped; any throw of a loop ends all loops and rejects `run`. */
export class Relay {
  readonly #ports: RelayPorts;
  readonly #metrics: RelayMetrics;
  readonly #blocked = new BlockedKeys();
  readonly #reservations = new Reservations();
  readonly #leases: RelayLeases;
  readonly #breaker: RelayBreaker;
  /** One a lane. */
  readonly #hints: readonly Nap[];
  readonly #stop = new AbortController();
  #producer: EventLogProducer | null = null;
  #running: Promise<unknown> = Promise.resolve();
  #rounds = 0;

  constructor(ports: RelayPorts) {
    this.#ports = ports;
    this.#metrics = createRelayMetrics(ports.metrics);
    const { outbox, settings, clock } = ports;
    this.#leases = new RelayLeases(outbox, settings, clock, this.#blocked, this.#reservations);
    this.#breaker = new RelayBreaker(ports.random);
    this.#hints = Array.from({ length: LANES }, () => new Nap(clock));
  }

  /** True while a round is under way. */
  get busy(): boolean {
    return this.#rounds > 0;
  }

  /** Says that rows may be due. */
  wake(): void {
    for (const hint of this.#hints) hint.wake();
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
    const started = await this.#startProducer();
    if (started === null) return;
    const producer = inTurns(started);
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
      onTaken: () => this.wake(),
    };
    await maintainOnce(leases);
    await Promise.all([
      maintainLeases(leases, this.#stop.signal),
      ...this.#hints.map((hint, lane) => this.#roundLoop(this.#roundPorts(producer), lane, hint)),
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

  #roundPorts(producer: EventLogProducer): RoundPorts {
    const { settings, outbox, clock, log, progress } = this.#ports;
    return {
      settings,
      outbox,
      producer,
      leases: this.#leases,
      reservations: this.#reservations,
      blocked: this.#blocked,
      clock,
      log,
      metrics: this.#metrics,
      progress,
    };
  }

  async #roundLoop(round: RoundPorts, lane: number, hint: Nap): Promise<void> {
    const { settings, clock } = this.#ports;
    while (!this.#stop.signal.aborted) {
      this.#ports.progress();
      const waitMs = this.#breaker.waitMs(clock.monotonicMs());
      const isProbe = this.#breaker.isOpen;
      if (waitMs > 0 || (isProbe && lane !== PROBING_LANE)) {
        await clock.sleep(Math.max(waitMs, MIN_ERROR_PAUSE_MS), this.#stop.signal);
        continue;
      }
      const usable = this.#leases.usable();
      const partitions = isProbe ? usable : usable.filter((partition) => partition % LANES === lane);
      const limit = isProbe ? PROBE_ROWS : settings.outbox.batchSize;
      this.#rounds++;
      const outcome = await runRound(round, { lane, partitions, limit });
      this.#rounds--;
      await this.#after(outcome, hint);
    }
  }

  async #after(outcome: RoundOutcome, hint: Nap): Promise<void> {
    const { settings, clock, random, log } = this.#ports;
    const pollMs = settings.outbox.pollIntervalMs;
    switch (outcome.kind) {
      case "idle":
        return hint.sleep(jittered(pollMs, JITTER, random));
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
