/** Watches the tree and keeps its tables small: periodic duties, each with its own pace. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError, StoreUnavailableError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import type { MemoryUse } from "./memory-use.ts";

/** One kind of clean-up, made of short statements. */
export interface CleanUp {
  /** Label of its metric. */
  readonly name: string;
  /** Resolves with the number of rows removed when nothing is left to do, or the deadline passes. */
  run(deadline: Deadline): Promise<number>;
}

export interface DlqCounts {
  readonly pending: number;
  readonly replayed: number;
  readonly oldestPendingMs: number;
}

export interface MonitorPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Resolves when the schema is there; false when the monitor was asked to stop before. */
  readonly waitForStore: (signal: AbortSignal) => Promise<boolean>;
  readonly cleanUps: readonly CleanUp[];
  /** Runs `work` if this node is the leader of this duty; false when another one is. */
  readonly lead: (
    duty: "maintenance" | "verifier",
    deadline: Deadline,
    work: () => Promise<void>,
  ) => Promise<boolean>;
  readonly verifier: {
    /** A bounded round; answers up to when everything acknowledged is verified, in ms since 1970. */
    readonly round: (deadline: Deadline) => Promise<number>;
    /** Events that are unaccounted for, whichever node found them. */
    readonly countFound: (deadline: Deadline) => Promise<number>;
  };
  /** Null when consumers of this tree report the dead letters themselves. */
  readonly readDlq: ((deadline: Deadline) => Promise<DlqCounts>) | null;
  readonly readOldestTransaction: (deadline: Deadline) => Promise<{ readonly ageMs: number } | null>;
  readonly readMemory: () => Promise<MemoryUse>;
}

const QUERY_TIMEOUT_MS = 5_000;
const MAINTENANCE_EVERY_MS = 60_000;
const MAINTENANCE_TIMEOUT_MS = 600_000;
const VERIFY_EVERY_MS = 10_000;
const VERIFY_TIMEOUT_MS = 30_000;
const MEMORY_EVERY_MS = 60_000;
const DLQ_EVERY_MS = 10_000;
const HORIZON_EVERY_MS = 60_000;
/** A transaction open longer than this is somebody's mistake. */
const HORIZON_WARN_MS = 300_000;
/** Nodes started together do not knock at the store together. */
const JITTER = 0.2;

export class Monitor {
  readonly #ports: MonitorPorts;
  readonly #stop = new AbortController();

  constructor(ports: MonitorPorts) {
    this.#ports = ports;
  }

  /** Runs until `stop`. Rejects when a duty fails in a way that is not the store's. */
  async run(): Promise<void> {
    await Promise.all([
      this.#every(MEMORY_EVERY_MS, "memory", () => this.logMemory()),
      this.#runStoreDuties(),
    ]);
  }

  /** Starts nothing new. A statement that is under way ends with the pool. */
  stop(): void {
    this.#stop.abort();
  }

  /** Runs every clean-up once if this node is the leader. */
  async maintain(): Promise<void> {
    const { clock, cleanUps, lead } = this.#ports;
    const deadline = Deadline.after(MAINTENANCE_TIMEOUT_MS, clock);
    await lead("maintenance", deadline, async () => {
      for (const cleanUp of cleanUps) {
        if (this.#stop.signal.aborted) return;
        await this.#cleanUp(cleanUp, deadline);
      }
    });
  }

  async #cleanUp({ name, run }: CleanUp, deadline: Deadline): Promise<void> {
    const { clock, log, metrics } = this.#ports;
    const startedMs = clock.monotonicMs();
    const rows = await run(deadline);
    metrics.gauge("reco_maintenance_last_run_timestamp_seconds", { task: name }).set(clock.nowMs() / 1000);
    const durationMs = Math.round(clock.monotonicMs() - startedMs);
    if (rows > 0) log.info({ task: name, rows, duration_ms: durationMs }, "maintenance.removed_rows");
  }

  async logMemory(): Promise<void> {
    const { log, readMemory } = this.#ports;
    log.info(await readMemory(), "memory usage");
  }

  async reportDlq(): Promise<void> {
    const { clock, metrics, readDlq } = this.#ports;
    if (!readDlq) return;
    const { pending, replayed, oldestPendingMs } = await readDlq(Deadline.after(QUERY_TIMEOUT_MS, clock));
    metrics.gauge("reco_feature_consumer_dlq_backlog", { status: "pending" }).set(pending);
    metrics.gauge("reco_feature_consumer_dlq_backlog", { status: "replayed" }).set(replayed);
    metrics.gauge("reco_feature_consumer_dlq_oldest_pending_ms").set(oldestPendingMs);
  }

  async watchHorizon(): Promise<void> {
    const { clock, log, readOldestTransaction } = this.#ports;
    const oldest = await readOldestTransaction(Deadline.after(QUERY_TIMEOUT_MS, clock));
    if (oldest && oldest.ageMs > HORIZON_WARN_MS) log.warn(oldest, "store.old_transaction_blocks_vacuum");
  }

  /** Never rejects: whatever keeps it from verifying is told by a counter and by a time that stands still. */
  async verify(): Promise<void> {
    const { clock, log, metrics, lead, verifier } = this.#ports;
    const deadline = Deadline.after(VERIFY_TIMEOUT_MS, clock);
    try {
      await lead("verifier", deadline, async () => {
        const untilMs = await verifier.round(deadline);
        metrics.gauge("reco_verifier_last_run_timestamp_seconds").set(clock.nowMs() / 1000);
        metrics.gauge("reco_verifier_verified_until_timestamp_seconds").set(untilMs / 1000);
      });
    } catch (thrown) {
      const { name, message, stack } = asError(thrown);
      metrics.counter("reco_verifier_errors_total").inc();
      log.error({ error: `${name}: ${message}`, stack }, "verifier.failed");
    }
    await this.#reportUnaccounted();
  }

  /** On every node, so that a node that no longer leads does not go on telling what is over. */
  async #reportUnaccounted(): Promise<void> {
    const { clock, log, metrics, verifier } = this.#ports;
    try {
      const count = await verifier.countFound(Deadline.after(QUERY_TIMEOUT_MS, clock));
      metrics.gauge("reco_verifier_unaccounted_events").set(count);
      if (count > 0) log.error({ events: count }, "verifier.unaccounted");
    } catch (thrown) {
      metrics.counter("reco_verifier_errors_total").inc();
      log.error({ error: asError(thrown).message }, "verifier.failed");
    }
  }

  async #runStoreDuties(): Promise<void> {
    if (!(await this.#ports.waitForStore(this.#stop.signal))) return;
    await Promise.all([
      this.#every(MAINTENANCE_EVERY_MS, "maintenance", () => this.maintain()),
      this.#every(HORIZON_EVERY_MS, "horizon", () => this.watchHorizon()),
      this.#every(DLQ_EVERY_MS, "dlq", () => this.reportDlq()),
      this.#every(VERIFY_EVERY_MS, "verifier", () => this.verify()),
    ]);
  }

  /** The first run comes after one pause: a crash loop must not become a storm of clean-ups. */
  async #every(intervalMs: number, duty: string, work: () => Promise<void>): Promise<void> {
    const { clock, log, random } = this.#ports;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(intervalMs * (1 + JITTER * (2 * random.next() - 1)), signal);
      if (signal.aborted) return;
      try {
        await work();
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        log.warn({ error, duty }, "monitor.store_unavailable");
      }
    }
  }
}
