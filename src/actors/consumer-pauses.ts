/** Makes one partition wait before the record at hand is tried again, while the others go on. */

import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { exponentialDelay, fullJitterMs } from "../core/retry-delay.ts";
import type { ChunkEntry, EventLogConsumer } from "../events/ports.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import type { PartitionState } from "./consumer-partitions.ts";

export interface PausePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: ConsumerMetrics;
}

const OUTAGE_MIN_MS = 200;
const OUTAGE_MAX_MS = 30_000;
const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 30_000;

export class PartitionPauses {
  readonly #ports: PausePorts;
  readonly #log: EventLogConsumer;

  constructor(ports: PausePorts, log: EventLogConsumer) {
    this.#ports = ports;
    this.#log = log;
  }

  /** The store is not there for anybody: no attempt is counted. */
  outage(state: PartitionState, entry: ChunkEntry, error: Error): "stopped" {
    this.#ports.metrics.error("process");
    this.#ports.log.warn({ error: error.message }, "consumer.partition_paused");
    return this.outageWait(state, entry);
  }

  /** 0.2 s to 30 s with full jitter, growing with each outage in a row. */
  outageWait(state: PartitionState, entry: ChunkEntry): "stopped" {
    state.outages++;
    return this.#wait(
      state,
      entry,
      fullJitterMs(state.outages, OUTAGE_MIN_MS, OUTAGE_MAX_MS, this.#ports.random),
    );
  }

  /** 0.1 s, 0.2 s, 0.4 s ... after the first, second, third failed try. */
  retryWait(state: PartitionState, entry: ChunkEntry, attempts: number): "stopped" {
    return this.#wait(state, entry, exponentialDelay(attempts, RETRY_BASE_MS, RETRY_MAX_MS));
  }

  #wait(state: PartitionState, entry: ChunkEntry, delayMs: number): "stopped" {
    this.#log.pause(state.assignment);
    this.#log.seek(state.assignment, entry.record.offset);
    state.phase = { kind: "waiting", untilMs: this.#ports.clock.monotonicMs() + delayMs };
    return "stopped";
  }
}
