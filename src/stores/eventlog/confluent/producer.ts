/** Appends to Kafka through a Node child: idempotent, acknowledged by all replicas, in order per partition. */

import type { Clock } from "../../../core/clock.ts";
import { Deadline } from "../../../core/deadline.ts";
import { asError } from "../../../core/errors.ts";
import { partitionFor } from "../../../events/partitioner.ts";
import type { EventLogProducer, ProduceRecord, ProduceResult } from "../../../events/ports.ts";
import { type Placed, refusalOf, split, TOPIC_NAME } from "../kafka-limits.ts";
import { mayBeSentAgain, resultOf } from "./delivery.ts";
import { ChildLostError, NodeChild } from "./node-child.ts";
import { type ConfluentConnection, producerProperties } from "./properties.ts";
import type { SentRecord } from "./protocol.ts";
import { ensureTopic, type TopicSettings } from "./topics.ts";

/** How long a count of partitions is believed. */
const COUNT_LIFE_MS = 30_000;

type Partitioning = { readonly count: number; readonly readAtMs: number };

/** A child whose sends did not end in time is given up with them; the next call begins with another. */
export class ConfluentProducer implements EventLogProducer {
  readonly #connection: ConfluentConnection;
  readonly #topics: TopicSettings;
  readonly #clock: Clock;
  readonly #counts = new Map<string, Partitioning>();
  /** Open for records. */
  #child: NodeChild | null = null;
  /** Started last: the same, or about to be. */
  #newest: NodeChild | null = null;
  /** One for all that call meanwhile: a second child would be nobody's. */
  #connecting: Promise<NodeChild> | null = null;
  #isClosed = false;

  constructor(connection: ConfluentConnection, topics: TopicSettings, clock: Clock) {
    this.#connection = connection;
    this.#topics = topics;
    this.#clock = clock;
  }

  async ensureTopic(topic: string, partitions: number): Promise<void> {
    const deadline = Deadline.after(this.#connection.requestTimeoutMs, this.#clock);
    await ensureTopic(
      await this.#connected(deadline),
      this.#topics,
      topic,
      partitions,
      deadline,
      this.#clock,
    );
  }

  async produce(records: readonly ProduceRecord[], deadline: Deadline): Promise<readonly ProduceResult[]> {
    let child: NodeChild;
    try {
      child = await this.#connected(deadline);
    } catch (error) {
      return records.map((record) => refusalOf(record) ?? notSent(asError(error).message));
    }
    const results: ProduceResult[] = records.map(() => ({ status: "acked" }));
    const lanes = new Map<string, Placed[]>();
    const counts = await this.#partitionCounts(child, records, deadline);
    for (const [index, record] of records.entries()) {
      const count = counts.get(record.topic);
      const refusal = refusalOf(record);
      if (refusal) results[index] = refusal;
      else if (typeof count !== "number") results[index] = notSent(count ?? "unknown topic");
      else {
        const partition = partitionFor(record.key, count);
        const lane = lanes.get(`${record.topic}/${partition}`) ?? [];
        lanes.set(`${record.topic}/${partition}`, lane);
        lane.push({ index, record, partition });
      }
    }
    await Promise.all([...lanes.values()].map((lane) => this.#sendLane(child, lane, results, deadline)));
    if (results.some(({ status }) => status === "unknown")) child.kill();
    return results;
  }

  /** All that was acknowledged is with the brokers; the rest has no reader any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#newest?.kill();
    await this.#connecting?.catch(() => {}); // It was given up, or never began.
  }

  async #connected(deadline: Deadline): Promise<NodeChild> {
    if (this.#child?.isUp) return this.#child;
    if (this.#isClosed) throw new ChildLostError("the producer is closed");
    this.#connecting ??= this.#connect(deadline).finally(() => {
      this.#connecting = null;
    });
    return await deadline.race(this.#connecting);
  }

  /** The child is held from its start, so that closing ends the wait for its brokers. */
  async #connect(deadline: Deadline): Promise<NodeChild> {
    this.#counts.clear();
    const child = await NodeChild.start(deadline);
    this.#newest = child;
    try {
      if (this.#isClosed) throw new ChildLostError("the producer is closed");
      const properties = producerProperties(this.#connection);
      await child.ask("open", { properties, group: null }, deadline);
      this.#child = child;
      return child;
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** The partition count of each topic, or why it is not known. */
  async #partitionCounts(
    child: NodeChild,
    records: readonly ProduceRecord[],
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, number | string>> {
    const topics = [...new Set(records.map(({ topic }) => topic))].filter((topic) => TOPIC_NAME.test(topic));
    const entries = topics.map(async (topic): Promise<[string, number | string]> => {
      const known = this.#counts.get(topic);
      const nowMs = this.#clock.monotonicMs();
      if (known && nowMs - known.readAtMs < COUNT_LIFE_MS) return [topic, known.count];
      try {
        const state = await child.ask("topic", { topic }, deadline);
        if (state === null) return [topic, "unknown topic"];
        this.#counts.set(topic, { count: state.leaders.length, readAtMs: nowMs });
        return [topic, state.leaders.length];
      } catch (error) {
        return [topic, asError(error).message];
      }
    });
    return new Map(await Promise.all(entries));
  }

  /** Sends the records of one partition in order, and nothing after one that may be sent again. */
  async #sendLane(
    child: NodeChild,
    lane: readonly Placed[],
    results: ProduceResult[],
    deadline: Deadline,
  ): Promise<void> {
    let stopped = false;
    for (const batch of split(lane)) {
      const outcomes: readonly ProduceResult[] | null = stopped
        ? null
        : await this.#send(child, batch, deadline);
      for (const [at, { index }] of batch.entries()) {
        results[index] = outcomes?.[at] ?? notSent("an earlier record failed");
      }
      stopped ||= outcomes?.some(mayBeSentAgain) ?? true;
    }
  }

  async #send(
    child: NodeChild,
    batch: readonly Placed[],
    deadline: Deadline,
  ): Promise<readonly ProduceResult[]> {
    const [first] = batch;
    if (first === undefined) return [];
    const ask = {
      topic: first.record.topic,
      partition: first.partition,
      records: batch.map(({ record }): SentRecord => [record.key, asBase64(record.value), record.headers]),
    };
    try {
      return (await child.ask("produce", ask, deadline)).map(resultOf);
    } catch (error) {
      return batch.map(() => ({ status: "unknown", error: asError(error).message }));
    }
  }
}

const notSent = (why: string): ProduceResult => ({
  status: "failed",
  class: "retryable",
  error: `not sent: ${why}`,
});

const asBase64 = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");
