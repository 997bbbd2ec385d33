/** Appends to Kafka: idempotent, acknowledged by all replicas, one partition a request. */

import { Producer } from "@platformatic/kafka";
import type { Clock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { partitionFor } from "../../events/partitioner.ts";
import type { EventLogProducer, ProduceRecord, ProduceResult } from "../../events/ports.ts";
import {
  clientOptions,
  closeClient,
  failureOf,
  guarded,
  hasApiError,
  isUnknownTopic,
  type KafkaConnection,
} from "./kafka-client.ts";
import { type Placed, refusalOf, split, TOPIC_NAME } from "./kafka-limits.ts";
import { ensureTopic, type TopicSettings } from "./kafka-topics.ts";

const CLOSE_TIMEOUT_MS = 5_000;
/** A broker that restarts or changes its leader is asked again until the caller's deadline. */
const RETRY_DELAY_MS = 250;
const MAX_RETRIES = 1_000;

interface Link {
  readonly client: Producer;
  /** A send of this client never ended, or nobody knows how; or nobody answered it. */
  suspect: boolean;
}

export class KafkaProducer implements EventLogProducer {
  readonly #connection: KafkaConnection;
  readonly #topics: TopicSettings;
  readonly #clock: Clock;
  #turn = 0;
  #link: Link;
  #closed = false;

  constructor(connection: KafkaConnection, topics: TopicSettings, clock: Clock) {
    this.#connection = connection;
    this.#topics = topics;
    this.#clock = clock;
    this.#link = this.#connect();
  }

  ensureTopic(topic: string, partitions: number): Promise<void> {
    return ensureTopic(this.#connection, this.#topics, topic, partitions, this.#clock);
  }

  async produce(records: readonly ProduceRecord[], deadline: Deadline): Promise<readonly ProduceResult[]> {
    const results: ProduceResult[] = records.map(() => ({ status: "acked" }));
    const lanes = new Map<string, Placed[]>();
    // Whoever was given up before it ended must not close the client under this call.
    this.#renewSuspect(this.#link);
    const link = this.#link;
    // No topic that nobody answers for uses up the time of the others.
    const half = deadline.capped(deadline.remainingMs() / 2);
    const counts = await this.#partitionCounts(link, records, half);
    for (const [index, record] of records.entries()) {
      const count = counts.get(record.topic);
      const refusal = refusalOf(record);
      if (refusal) results[index] = refusal;
      else if (typeof count !== "number") {
        results[index] = { status: "failed", class: "retryable", error: count ?? "unknown topic" };
      } else {
        const partition = partitionFor(record.key, count);
        const lane = lanes.get(`${record.topic}/${partition}`) ?? [];
        lanes.set(`${record.topic}/${partition}`, lane);
        lane.push({ index, record, partition });
      }
    }
    await Promise.all([...lanes.values()].map((lane) => this.#sendLane(link, lane, results, deadline)));
    this.#renewSuspect(link);
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await closeClient(this.#link.client, CLOSE_TIMEOUT_MS, this.#clock);
  }

  /** The partition count of each topic, or why it is not known. */
  async #partitionCounts(
    link: Link,
    records: readonly ProduceRecord[],
    deadline: Deadline,
  ): Promise<ReadonlyMap<string, number | string>> {
    const topics = [...new Set(records.map(({ topic }) => topic))].filter((topic) => TOPIC_NAME.test(topic));
    const entries = topics.map(async (topic): Promise<[string, number | string]> => {
      try {
        const metadata = await deadline.race(link.client.metadata({ topics: [topic], retries: 0 }));
        return [topic, metadata.topics.get(topic)?.partitionsCount ?? "unknown topic"];
      } catch (thrown) {
        const error = asError(thrown);
        link.suspect ||= !isUnknownTopic(error);
        return [topic, failureOf(error).error];
      }
    });
    return new Map(await Promise.all(entries));
  }

  /** Sends the records of one partition in order, and nothing after one that may be sent again. */
  async #sendLane(
    link: Link,
    lane: readonly Placed[],
    results: ProduceResult[],
    deadline: Deadline,
  ): Promise<void> {
    const batches = split(lane);
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const result = await this.#send(link, batch, deadline);
      const isForGood = result.status === "failed" && result.class !== "retryable";
      if (isForGood && batch.length > 1) {
        // One of them is refused: alone, each gets its own answer.
        batches.unshift(...batch.map((placed) => [placed]));
        continue;
      }
      for (const { index } of batch) results[index] = result;
      if (result.status === "acked" || isForGood) continue;
      for (const { index } of batches.flat()) {
        results[index] = {
          status: "failed",
          class: "retryable",
          error: "not sent: an earlier record failed",
        };
      }
      return;
    }
  }

  async #send(link: Link, batch: readonly Placed[], deadline: Deadline): Promise<ProduceResult> {
    const messages = batch.map(({ record, partition }) => ({
      topic: record.topic,
      partition,
      key: Buffer.from(record.key, "utf8"),
      value: Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength),
      headers: new Map(
        Object.entries(record.headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
      ),
    }));
    try {
      await deadline.race(link.client.send({ messages }));
      return { status: "acked" };
    } catch (thrown) {
      const error = asError(thrown);
      // The broker has this very batch already: an earlier answer was lost.
      if (hasApiError(error, "DUPLICATE_SEQUENCE_NUMBER")) return { status: "acked" };
      const failure = failureOf(error);
      link.suspect ||= failure.status === "unknown";
      return failure;
    }
  }

  #connect(): Link {
    const client = guarded(
      new Producer({
        ...clientOptions(this.#connection, this.#turn),
        idempotent: true,
        acks: -1,
        retries: MAX_RETRIES,
        retryDelay: RETRY_DELAY_MS,
      }),
    );
    return { client, suspect: false };
  }

  /** Ends what a suspect client still tries; consumers drop what comes twice. */
  #renewSuspect(link: Link): void {
    if (!link.suspect || link !== this.#link || this.#closed) return;
    void closeClient(link.client, CLOSE_TIMEOUT_MS, this.#clock);
    this.#turn++;
    this.#link = this.#connect();
  }
}
