/** Applies the records of one partition chunk by chunk, and turns failures into waits, splits or dead letters. */

import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { failpoint } from "../core/failpoint.ts";
import type { Random } from "../core/random.ts";
import type { Interaction } from "../events/model.ts";
import type {
  Assignment,
  ChunkEntry,
  ChunkResult,
  ConsumerStore,
  EventLogConsumer,
  FeatureChange,
} from "../events/ports.ts";
import type { Logger } from "../telemetry/logger.ts";
import { asDeadLetter, chunkLength, classify } from "./consumer-decide.ts";
import type { ConsumerMetrics } from "./consumer-metrics.ts";
import { CHUNK_MAX, type PartitionState } from "./consumer-partitions.ts";
import { PartitionPauses } from "./consumer-pauses.ts";
import type { ConsumerSettings } from "./consumer-settings.ts";

export interface ChunkPorts {
  readonly settings: ConsumerSettings;
  readonly store: ConsumerStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: ConsumerMetrics;
  readonly onApplied: (change: FeatureChange) => void;
  /** Watches were applied; where trending items are counted as they come. */
  readonly onSignals?: (interactions: readonly Interaction[]) => void;
  readonly progress: () => void;
  readonly stopping: AbortSignal;
}

type Outcome = "applied" | "stopped";

export const STORE_TIMEOUT_MS = 8_000;
const COMMIT_PAUSE_MS = 200;
/** A record that fails alone for so long, while others succeed, is itself the cause. */
const ALONE_LIMIT_MS = 60_000;

export class ChunkWorker {
  readonly #ports: ChunkPorts;
  readonly #log: EventLogConsumer;
  readonly #pauses: PartitionPauses;
  readonly #notes = new Map<string, bigint>();
  #lastCommitMs = Number.NEGATIVE_INFINITY;

  constructor(ports: ChunkPorts, log: EventLogConsumer) {
    this.#ports = ports;
    this.#log = log;
    this.#pauses = new PartitionPauses(ports, log);
  }

  /** The record of this partition that this process, which is alive, noted last. */
  ownNote(assignment: Assignment): bigint | undefined {
    return this.#notes.get(partitionName(assignment));
  }

  /** Applies `entries` (offset order) until all are done, or until the state has left `ready`. */
  async work(state: PartitionState, entries: readonly ChunkEntry[]): Promise<void> {
    for (let at = 0; at < entries.length && !this.#ports.stopping.aborted; ) {
      const rest = entries.slice(at);
      const chunk = rest.slice(0, chunkLength(rest, state));
      if ((await this.#carefully(state, chunk)) === "stopped") return;
      at += chunk.length;
      this.#ports.progress();
    }
  }

  /** Notes the record first while that is asked for, so that a record that kills its process is known by its note. */
  async #carefully(state: PartitionState, chunk: readonly ChunkEntry[]): Promise<Outcome> {
    const [first] = chunk;
    if (state.carefulRecords === 0 || !first) return this.#apply(state, chunk);
    this.#notes.set(partitionName(first.record), first.record.offset);
    try {
      await this.#ports.store.beginAttempt(first.record, this.#deadline());
    } catch (error) {
      return this.#pauses.outage(state, first, asError(error));
    }
    const outcome = await this.#apply(state, chunk);
    if (outcome === "applied") state.carefulRecords--;
    return outcome;
  }

  async #apply(state: PartitionState, chunk: readonly ChunkEntry[]): Promise<Outcome> {
    const { settings, store } = this.#ports;
    const last = chunk.at(-1);
    if (!last) return "applied";
    const nextOffset = last.record.offset + 1n;
    let result: ChunkResult | "fenced";
    try {
      result = await store.applyChunk(
        settings.consumer.groupId,
        state.assignment,
        chunk,
        nextOffset,
        this.#deadline(),
      );
    } catch (error) {
      return this.#failed(state, chunk, asError(error));
    }
    if (result === "fenced") {
      // A newer owner, a commit of ours whose answer was lost, or one that a crash has undone: the stored offset tells.
      state.phase = { kind: "unsynced" };
      return "stopped";
    }
    await this.#committed(state, chunk, result, nextOffset);
    return "applied";
  }

  async #committed(
    state: PartitionState,
    chunk: readonly ChunkEntry[],
    result: ChunkResult,
    nextOffset: bigint,
  ): Promise<void> {
    const { clock, metrics, log } = this.#ports;
    this.#lastCommitMs = clock.monotonicMs();
    state.outages = 0;
    state.chunkLimit = CHUNK_MAX;
    state.aloneSinceMs = null;
    if (state.suspect !== null && state.suspect < nextOffset) state.suspect = null;
    metrics.committed(chunk, result.statuses, clock.nowMs());
    this.#ports.onApplied(result.changed);
    this.#ports.onSignals?.(appliedSignals(chunk, result));
    await failpoint("consumer.after_commit");
    try {
      await this.#deadline().race(this.#log.commit(state.assignment, nextOffset));
    } catch (error) {
      metrics.error("commit");
      log.warn({ error: asError(error).message }, "consumer.commit_failed");
      await clock.sleep(COMMIT_PAUSE_MS, this.#ports.stopping);
    }
  }

  async #failed(state: PartitionState, chunk: readonly ChunkEntry[], error: Error): Promise<Outcome> {
    const [first] = chunk;
    if (!first) return "applied";
    if (classify(error) === "infrastructure" && !this.#isItsOwnFault(state, chunk)) {
      state.chunkLimit = Math.max(1, Math.floor(chunk.length / 2));
      return this.#pauses.outage(state, first, error);
    }
    if (chunk.length === 1) return this.#recordFailed(state, first, error);
    const middle = Math.ceil(chunk.length / 2);
    const outcome = await this.#apply(state, chunk.slice(0, middle));
    return outcome === "applied" ? this.#apply(state, chunk.slice(middle)) : outcome;
  }

  #isItsOwnFault(state: PartitionState, chunk: readonly ChunkEntry[]): boolean {
    const nowMs = this.#ports.clock.monotonicMs();
    if (chunk.length > 1) return false;
    state.aloneSinceMs ??= nowMs;
    return nowMs - state.aloneSinceMs >= ALONE_LIMIT_MS && this.#lastCommitMs > state.aloneSinceMs;
  }

  async #recordFailed(state: PartitionState, entry: ChunkEntry, error: Error): Promise<Outcome> {
    const { settings, store, metrics, stopping } = this.#ports;
    const { record } = entry;
    const log = this.#ports.log.child({ request_id: `${record.topic}:${record.partition}:${record.offset}` });
    if (entry.kind === "dead") {
      metrics.error("dlq_store");
      log.error({ error: error.message }, "consumer.dead_letter_not_stored");
      return this.#pauses.outageWait(state, entry);
    }
    if (stopping.aborted) return "stopped";
    metrics.attemptFailed(record.topic);
    const isData = classify(error) !== "unknown";
    log[isData ? "warn" : "error"](
      { error: error.message, ...(isData ? {} : { stack: error.stack }) },
      "consumer.record_failed",
    );
    let attempts: number;
    try {
      attempts = await store.countAttempt(record, error.message, this.#deadline());
    } catch (failure) {
      return this.#pauses.outage(state, entry, asError(failure));
    }
    if (attempts >= settings.consumer.maxRetriesPerMessage) {
      return this.#apply(state, [asDeadLetter(entry, isData ? "data" : "handler", error.message, attempts)]);
    }
    state.suspect = record.offset;
    return this.#pauses.retryWait(state, entry, attempts);
  }

  #deadline(): Deadline {
    return Deadline.after(STORE_TIMEOUT_MS, this.#ports.clock);
  }
}

const appliedSignals = (chunk: readonly ChunkEntry[], { statuses }: ChunkResult): Interaction[] =>
  chunk.flatMap((entry, place) =>
    entry.kind === "watch" && statuses[place] === "processed" ? [entry.interaction] : [],
  );

const partitionName = ({ topic, topicId, partition }: Omit<Assignment, "generation">) =>
  `${topic}/${topicId}/${partition}`;
