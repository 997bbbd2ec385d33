/** Keeps the snapshot that health routes answer from: one check a second, in the background. */

import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { OutboxSnapshot } from "../events/ports.ts";
import type { CacheSnapshot, HealthView } from "../http/services.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";

const INTERVAL_MS = 1_000;
const CHECK_TIMEOUT_MS = 900;
/** Above this many unpublished rows counting them is work of its own, so it is done less often. */
const LARGE_BACKLOG = 100_000;
const LARGE_BACKLOG_INTERVAL_MS = 10_000;

export interface HealthPorts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly ping: (timeoutMs: number) => Promise<boolean>;
  readonly schemaKnown: (deadline: Deadline) => Promise<boolean>;
  readonly readOutbox: (deadline: Deadline) => Promise<OutboxSnapshot>;
  readonly cache: () => CacheSnapshot;
  readonly loopLagMs: () => number;
}

export class HealthMonitor implements Disposable {
  readonly #ports: HealthPorts;
  readonly #startedMs: number;
  #db = false;
  #schemaKnown = false;
  #started = false;
  #draining = false;
  #outbox: HealthView["outbox"] = null;
  #outboxReadMs = Number.NEGATIVE_INFINITY;
  /** As far as the last successful read tells. */
  #largeBacklog = false;
  #timer: Timer | null = null;
  #closed = false;

  constructor(ports: HealthPorts) {
    this.#ports = ports;
    this.#startedMs = ports.clock.monotonicMs();
  }

  /** Runs the first check and then one a second. */
  async start(): Promise<void> {
    await this.#check();
    this.#arm();
  }

  markStarted(): void {
    this.#started = true;
  }

  /** Readiness turns red; liveness stays green. */
  markDraining(): void {
    this.#draining = true;
  }

  view(): HealthView {
    return {
      db: this.#db,
      schemaKnown: this.#schemaKnown,
      started: this.#started,
      draining: this.#draining,
      eventLoopLagMs: this.#ports.loopLagMs(),
      uptimeMs: this.#ports.clock.monotonicMs() - this.#startedMs,
      outbox: this.#outbox,
      cache: this.#ports.cache(),
    };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer = this.#ports.clock.schedule(INTERVAL_MS, () => {
      void this.#check().finally(() => this.#arm());
    });
  }

  async #check(): Promise<void> {
    this.#db = await this.#ports.ping(CHECK_TIMEOUT_MS);
    if (this.#db) {
      if (!this.#schemaKnown) await this.#readSchema();
      if (this.#schemaKnown) await this.#readOutbox();
    } else this.#outbox = null;
    this.#export();
  }

  async #readSchema(): Promise<void> {
    try {
      this.#schemaKnown = await this.#ports.schemaKnown(this.#deadline());
    } catch {
      // The next check asks again; until then the schema counts as unknown.
      this.#schemaKnown = false;
    }
  }

  async #readOutbox(): Promise<void> {
    const nowMs = this.#ports.clock.monotonicMs();
    const intervalMs = this.#largeBacklog ? LARGE_BACKLOG_INTERVAL_MS : 0;
    if (this.#outbox && nowMs - this.#outboxReadMs < intervalMs) return;
    this.#outboxReadMs = nowMs;
    try {
      const outbox = await this.#ports.readOutbox(this.#deadline());
      this.#outbox = outbox;
      this.#largeBacklog = outbox.pending > LARGE_BACKLOG;
    } catch (thrown) {
      const error = asError(thrown);
      this.#outbox = { error: `${error.name}: ${error.message}` };
    }
  }

  #deadline(): Deadline {
    return Deadline.after(CHECK_TIMEOUT_MS, this.#ports.clock);
  }

  #export(): void {
    const { metrics } = this.#ports;
    const { ready: cacheReady } = this.#ports.cache();
    for (const scope of ["healthz", "readyz"]) {
      metrics.gauge("reco_api_check_status", { scope, check: "db" }).set(this.#db ? 1 : 0);
      metrics.gauge("reco_api_check_status", { scope, check: "online_cache" }).set(cacheReady ? 1 : 0);
    }
    if (this.#outbox && "pending" in this.#outbox) {
      for (const status of ["pending", "publishing", "dead"] as const) {
        metrics.gauge("reco_outbox_backlog_events", { status }).set(this.#outbox[status]);
      }
      metrics.gauge("reco_outbox_backlog_oldest_lag_ms").set(this.#outbox.oldestLagMs);
    }
  }
}
