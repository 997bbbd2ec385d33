/** The consumer's loop: poll, decide, apply, partition by partition. */

import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { Assignment, EventLog, EventLogConsumer, LogRecord } from "../events/ports.ts";
import { decideRecord } from "../events/stream-record.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { type ChunkPorts, ChunkWorker, STORE_TIMEOUT_MS } from "./consumer-chunk.ts";
import { asDeadLetter } from "./consumer-decide.ts";
import { createConsumerMetrics } from "./consumer-metrics.ts";
import { type PartitionState, Partitions } from "./consumer-partitions.ts";
import { syncPartition } from "./consumer-sync.ts";
import { retryStartup } from "./startup-retry.ts";

export interface ConsumerPorts extends Omit<ChunkPorts, "metrics" | "stopping"> {
  readonly eventLog: EventLog;
  readonly metrics: Metrics;
}

const MIN_ERROR_PAUSE_MS = 50;
const GAUGES_EVERY_MS = 1_000;

/** idle -> joining -> running -> stopping -> stopped. */
export class Consumer {
  readonly #ports: ChunkPorts;
  readonly #eventLog: EventLog;
  readonly #partitions: Partitions;
  readonly #stop = new AbortController();
  #wait = new AbortController();
  #log: EventLogConsumer | null = null;
  #running: Promise<unknown> = Promise.resolve();
  #gaugesDueMs = Number.NEGATIVE_INFINITY;
  #working = false;

  constructor(ports: ConsumerPorts) {
    this.#ports = { ...ports, metrics: createConsumerMetrics(ports.metrics), stopping: this.#stop.signal };
    this.#eventLog = ports.eventLog;
    this.#partitions = new Partitions(ports.settings.restarted);
  }

  /** True while records are being handled. */
  get busy(): boolean {
    return this.#working;
  }

  /** Says that records may have been appended. */
  wake(): void {
    this.#wait.abort();
  }

  /** Runs until `stop`. Rejects when start-up retries are used up, and for bugs. */
  run(): Promise<void> {
    const running = this.#run();
    this.#running = running.catch(() => {}); // The caller of `run` sees the failure.
    return running;
  }

  /** Finishes the chunk in hand and leaves the group, within the shutdown time. */
  async stop(): Promise<void> {
    const { settings, clock, metrics, log } = this.#ports;
    const deadline = Deadline.after(settings.consumer.shutdownMs, clock);
    this.#stop.abort();
    this.#wait.abort();
    let finished = false;
    const running = this.#running.then(() => {
      finished = true;
    });
    try {
      await deadline.race(running);
      await deadline.race(Promise.resolve(this.#log?.[Symbol.asyncDispose]()));
    } catch (error) {
      // Killing at any moment is safe: nothing but a committed chunk moves the stored offset.
      metrics.error(finished ? "stop" : "stop_timeout");
      log.warn({ error: asError(error).message }, "consumer.stop_incomplete");
    }
  }

  async #run(): Promise<void> {
    const log = await this.#join();
    if (log === null) return;
    this.#log = log;
    const worker = new ChunkWorker(this.#ports, log);
    while (!this.#stop.signal.aborted) {
      this.#ports.progress();
      await this.#sync(log, worker);
      const records = await this.#poll(log);
      this.#working = records.length > 0;
      this.#partitions.refresh(log.assignments());
      for (const { state, records: own } of this.#partitions.group(records)) {
        if (!this.#stop.signal.aborted) await this.#handle(worker, state, own);
      }
      this.#working = false;
      await this.#refreshGauges(log);
    }
  }

  #join(): Promise<EventLogConsumer | null> {
    const { settings, clock, log, metrics, progress } = this.#ports;
    const { consumer } = settings;
    return retryStartup(
      () => this.#eventLog.subscribe(consumer.groupId, settings.memberId, [...settings.kinds.keys()]),
      {
        maxRetries: consumer.startupMaxRetries,
        backoffMs: consumer.startupBackoffMs,
        clock,
        signal: this.#stop.signal,
        progress,
        onFailure: (error, attempt) => {
          metrics.error("startup");
          log.warn({ attempt, error: error.message }, "consumer.startup_failed");
        },
      },
    );
  }

  /** Partitions that are new, or whose wait is over, begin at their stored offset. */
  async #sync(log: EventLogConsumer, worker: ChunkWorker): Promise<void> {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const state of this.#partitions.refresh(log.assignments())) {
      const due = state.phase.kind === "waiting" && state.phase.untilMs <= nowMs;
      if (!due && state.phase.kind !== "unsynced") continue;
      await syncPartition(this.#ports, log, state, worker.ownNote(state.assignment));
      this.#ports.progress();
    }
  }

  async #poll(log: EventLogConsumer): Promise<readonly LogRecord[]> {
    const { settings, clock, metrics } = this.#ports;
    const { pollTimeoutMs, maxPollRecords } = settings.consumer;
    this.#wait = new AbortController();
    if (this.#stop.signal.aborted) return [];
    try {
      return await log.poll({
        maxRecords: maxPollRecords,
        timeoutMs: Math.min(pollTimeoutMs, this.#nextDueMs(log.assignments())),
        signal: this.#wait.signal,
      });
    } catch (error) {
      metrics.error("poll");
      this.#ports.log.warn({ error: asError(error).message }, "consumer.poll_failed");
      await clock.sleep(Math.max(pollTimeoutMs, MIN_ERROR_PAUSE_MS), this.#stop.signal);
      return [];
    }
  }

  /** Time until the first waiting partition may go on. */
  #nextDueMs(assignments: readonly Assignment[]): number {
    const nowMs = this.#ports.clock.monotonicMs();
    const dueMs = this.#partitions.refresh(assignments).map(({ phase }) => {
      if (phase.kind === "unsynced") return 0;
      return phase.kind === "waiting" ? Math.max(0, phase.untilMs - nowMs) : Number.POSITIVE_INFINITY;
    });
    return Math.min(...dueMs, Number.MAX_SAFE_INTEGER);
  }

  #handle(worker: ChunkWorker, state: PartitionState, records: readonly LogRecord[]): Promise<void> {
    const { settings, clock, metrics } = this.#ports;
    const nowMs = clock.nowMs();
    const entries = records.map((record) => {
      metrics.recordLag(record.topic, nowMs - record.timestampMs);
      const entry = decideRecord(record, settings.kinds);
      return state.condemned.has(record.offset)
        ? asDeadLetter(entry, "handler", "its process died while handling it", 2)
        : entry;
    });
    return worker.work(state, entries);
  }

  async #refreshGauges(log: EventLogConsumer): Promise<void> {
    const { store, clock, metrics } = this.#ports;
    if (clock.monotonicMs() < this.#gaugesDueMs) return;
    this.#gaugesDueMs = clock.monotonicMs() + GAUGES_EVERY_MS;
    const deadline = Deadline.after(STORE_TIMEOUT_MS, clock);
    try {
      metrics.partitionLags(await deadline.race(log.lag()));
    } catch {
      metrics.error("lag_metrics"); // The failing store or log is reported where it hurts, at poll and apply.
    }
    try {
      metrics.dlq(await store.dlqSnapshot(deadline));
    } catch {
      metrics.error("dlq_metrics"); // As above.
    }
  }
}
