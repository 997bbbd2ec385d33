/** Asks a Kafka cluster about topics and offsets, with another broker first after each failure. */

import { Consumer } from "@platformatic/kafka";
import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import {
  asDescribed,
  clientOptions,
  closeClient,
  guarded,
  isUnknownTopic,
  type KafkaConnection,
} from "./kafka-client.ts";
import type { Questions } from "./partition-source.ts";

export interface Bounds {
  /** First offset held. */
  readonly start: bigint;
  /** Next offset to be written. */
  readonly end: bigint;
}

const REQUEST_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;
const EARLIEST = -2n;
const LATEST = -1n;

export class KafkaQuestions implements Questions {
  readonly #connection: KafkaConnection;
  readonly #group: string;
  readonly #clock: Clock;
  #turn = 0;
  #client: Consumer;
  #closed = false;

  constructor(connection: KafkaConnection, group: string, clock: Clock) {
    this.#connection = connection;
    this.#group = group;
    this.#clock = clock;
    this.#client = this.#connect();
  }

  /** The id of each of these topics that exists. */
  async topicIds(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await this.#metadata(topics);
    return new Map(found.map(([topic, { id }]) => [topic, id]));
  }

  /** A text that changes when one of the topics appears, goes, grows, or is made anew. */
  async topicShapes(topics: readonly string[]): Promise<string> {
    const found = await this.#metadata(topics);
    return found.map(([topic, { id, partitionsCount }]) => `${topic}/${id}/${partitionsCount}`).join();
  }

  async bounds(topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, Bounds>> {
    const list = (timestamp: bigint) =>
      this.#ask((client) =>
        client.listOffsets({ topics: [topic], partitions: { [topic]: [...partitions] }, timestamp }),
      );
    const [starts, ends] = await Promise.all([list(EARLIEST), list(LATEST)]);
    return new Map(
      partitions.map((partition) => [
        partition,
        { start: starts.get(topic)?.[partition] ?? 0n, end: ends.get(topic)?.[partition] ?? 0n },
      ]),
    );
  }

  /** Where the group's commits, or else the starts of the partitions, tell it to begin. */
  async startOffsets(topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>> {
    const [bounds, committed] = await Promise.all([
      this.bounds(topic, partitions),
      this.#ask((client) =>
        client.listCommittedOffsets({ topics: [{ topic, partitions: [...partitions] }] }),
      ),
    ]);
    return new Map(
      partitions.map((partition) => {
        const commit = committed.get(topic)?.[partition] ?? -1n;
        const start = bounds.get(partition)?.start ?? 0n;
        return [partition, commit >= start ? commit : start];
      }),
    );
  }

  close(): Promise<void> {
    this.#closed = true;
    return closeClient(this.#client, CLOSE_TIMEOUT_MS, this.#clock);
  }

  async #metadata(topics: readonly string[]) {
    const found = await Promise.all(
      topics.map(async (topic) => {
        try {
          const metadata = await this.#ask((client) =>
            client.metadata({ topics: [topic], forceUpdate: true }),
          );
          const known = metadata.topics.get(topic);
          return known ? [[topic, known] as const] : [];
        } catch (thrown) {
          // One that is missing hides no other.
          if (isUnknownTopic(asError(thrown))) return [];
          throw asDescribed(thrown);
        }
      }),
    );
    return found.flat();
  }

  async #ask<T>(question: (client: Consumer) => Promise<T>): Promise<T> {
    const client = this.#client;
    try {
      return await Deadline.after(REQUEST_TIMEOUT_MS, this.#clock).race(question(client));
    } catch (thrown) {
      if (!isUnknownTopic(asError(thrown)) && this.#client === client && !this.#closed) {
        this.#turn++;
        this.#client = this.#connect();
        void closeClient(client, CLOSE_TIMEOUT_MS, this.#clock);
      }
      throw thrown;
    }
  }

  #connect(): Consumer {
    return guarded(new Consumer({ ...clientOptions(this.#connection, this.#turn), groupId: this.#group }));
  }
}
