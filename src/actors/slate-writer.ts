/** Stores the slates of all http actors in the background, a few of them a transaction. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { SlateStore } from "../recommend/slates/slate.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { type SlatesMessage, unpackSlates } from "./slate-message.ts";

/** Slates of one transaction: some ten milliseconds of work. */
const MAX_GROUP = 64;
/** Slates that wait, at about 25 kB each. */
const MAX_WAITING = 2_000;

export interface SlateWriterPorts {
  readonly store: SlateStore;
  /** For one transaction. */
  readonly budgetMs: number;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** A transaction ended, well or not. */
  readonly onProgress: () => void;
}

export class SlateWriter implements AsyncDisposable {
  readonly #ports: SlateWriterPorts;
  #waiting: SlatesMessage[] = [];
  #count = 0;
  #running: Promise<void> | null = null;

  constructor(ports: SlateWriterPorts) {
    this.#ports = ports;
  }

  /** Slates that wait for their transaction. */
  get waiting(): number {
    return this.#count;
  }

  /** Takes them at once, or drops and counts them: whoever hands slates over waits for nothing. */
  accept(message: SlatesMessage): void {
    if (this.#count + message.count > MAX_WAITING) {
      this.#counted("dropped", message.count);
      return;
    }
    this.#waiting.push(message);
    this.#count += message.count;
    this.#running ??= this.#run();
  }

  /** Resolves when everything accepted is stored, or failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#store(this.#takeGroup());
    this.#running = null;
  }

  #takeGroup(): readonly SlatesMessage[] {
    let count = 0;
    const end = this.#waiting.findIndex((message) => {
      count += message.count;
      return count > MAX_GROUP;
    });
    const group = this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
    this.#count -= countOf(group);
    return group;
  }

  async #store(group: readonly SlatesMessage[]): Promise<void> {
    const { store, budgetMs, clock, log, onProgress } = this.#ports;
    const count = countOf(group);
    try {
      const batches = group.map(unpackSlates);
      const batch = {
        slates: batches.flatMap(({ slates }) => slates),
        features: batches.flatMap(({ features }) => features),
      };
      const stored = await store.store(batch, Deadline.after(budgetMs, clock));
      this.#counted("stored", stored);
      this.#counted("repeated", count - stored);
    } catch (thrown) {
      this.#counted("failed", count);
      log.warn({ slates: count, error: asError(thrown).message }, "slates.failed");
    }
    onProgress();
  }

  #counted(outcome: "stored" | "repeated" | "dropped" | "failed", count: number): void {
    if (count > 0) this.#ports.metrics.counter("reco_slate_log_total", { outcome }).inc(count);
  }
}

const countOf = (messages: readonly SlatesMessage[]) => messages.reduce((sum, { count }) => sum + count, 0);
