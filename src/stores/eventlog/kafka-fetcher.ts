/** Fetches records from the leaders of partitions, one request a broker at a time. */

import { Consumer } from "@platformatic/kafka";
import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import type { LogRecord } from "../../events/ports.ts";
import {
  asDescribed,
  clientOptions,
  closeClient,
  guarded,
  hasApiError,
  type KafkaConnection,
} from "./kafka-client.ts";
import { type Fetched, type Fetcher, type FetchPlace, PositionLostError } from "./partition-source.ts";

type FetchResponse = Awaited<ReturnType<Consumer["fetch"]>>;

const MAX_WAIT_MS = 500;
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_PARTITION_BYTES = 1024 * 1024;
const CLOSE_TIMEOUT_MS = 2_000;
const IS_CONTROL = 0x20;
const HAS_APPEND_TIME = 0x08;

/** A client of its own: a fetch that waits would hold back the heartbeats and commits on its connection. */
export class KafkaFetcher implements Fetcher {
  readonly #connection: KafkaConnection;
  readonly #clock: Clock;
  #turn = 0;
  #client: Consumer;
  #closed = false;

  constructor(connection: KafkaConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#client = this.#connect();
  }

  /** Waits a moment when there is nothing. After a failure the next call begins with a new client. */
  async fetch(places: readonly FetchPlace[]): Promise<readonly Fetched[]> {
    const client = this.#client;
    const deadline = Deadline.after(this.#connection.requestTimeoutMs + MAX_WAIT_MS, this.#clock);
    try {
      const names = [...new Set(places.map(({ assignment }) => assignment.topic))];
      // The library asks for all it tracks: one topic that is gone would hold back the others.
      client.topics.clear();
      client.topics.trackAll(...names);
      const { topics } = await deadline.race(client.metadata({ topics: names }));
      const byNode = Map.groupBy(
        places,
        ({ assignment: { topic, partition } }) => topics.get(topic)?.partitions[partition]?.leader ?? -1,
      );
      const answers = await Promise.allSettled(
        [...byNode].map(async ([node, own]) => {
          const topics = requestOf(own);
          const request = client.fetch({ node, topics, maxWaitTime: MAX_WAIT_MS, maxBytes: MAX_BYTES });
          return decode(own, await deadline.race(request));
        }),
      );
      const fetched = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      const failed = answers.find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") {
        // A broker that hangs does not hold back what the others gave.
        if (fetched.every(({ records }) => records.length === 0)) throw failed.reason;
        this.#renew(client);
      }
      return fetched;
    } catch (thrown) {
      this.#renew(client);
      const error = asDescribed(thrown);
      if (hasApiError(asError(thrown), "OFFSET_OUT_OF_RANGE", "UNKNOWN_TOPIC_ID", "INCONSISTENT_TOPIC_ID")) {
        throw new PositionLostError(error.message);
      }
      throw error;
    }
  }

  #renew(client: Consumer): void {
    if (this.#client !== client || this.#closed) return;
    this.#turn++;
    this.#client = this.#connect();
    void closeClient(client, CLOSE_TIMEOUT_MS, this.#clock);
  }

  close(): Promise<void> {
    this.#closed = true;
    return closeClient(this.#client, CLOSE_TIMEOUT_MS, this.#clock);
  }

  #connect(): Consumer {
    return guarded(
      new Consumer({
        ...clientOptions(this.#connection, this.#turn),
        // Never joins; the library wants a name.
        groupId: `${this.#connection.clientId}-fetch`,
      }),
    );
  }
}

const requestOf = (places: readonly FetchPlace[]) =>
  [...Map.groupBy(places, ({ assignment }) => assignment.topicId)].map(([topicId, own]) => ({
    topicId,
    partitions: own.map(({ assignment, offset }) => ({
      partition: assignment.partition,
      fetchOffset: offset,
      partitionMaxBytes: MAX_PARTITION_BYTES,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    })),
  }));

function decode(places: readonly FetchPlace[], { responses }: FetchResponse): Fetched[] {
  return responses.flatMap(({ topicId, partitions }) =>
    partitions.flatMap(({ partitionIndex, records }) => {
      const place = places.find(
        ({ assignment }) => assignment.topicId === topicId && assignment.partition === partitionIndex,
      );
      return place && records ? [decodeBatches(place, records)] : [];
    }),
  );
}

type Batches = NonNullable<FetchResponse["responses"][number]["partitions"][number]["records"]>;

function decodeBatches({ assignment, offset: from }: FetchPlace, batches: Batches): Fetched {
  const { topic, topicId, partition } = assignment;
  const records: LogRecord[] = [];
  let nextOffset = from;
  for (const batch of batches) {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (end > nextOffset) nextOffset = end;
    if (batch.attributes & IS_CONTROL) continue;
    for (const record of batch.records) {
      const offset = batch.firstOffset + BigInt(record.offsetDelta);
      if (offset < from) continue; // A batch is sent whole.
      const time =
        batch.attributes & HAS_APPEND_TIME
          ? batch.maxTimestamp
          : batch.firstTimestamp + record.timestampDelta;
      const headers = record.headers.map(([name, value]) => [String(name ?? ""), String(value ?? "")]);
      records.push({
        topic,
        topicId,
        partition,
        offset,
        key: record.key,
        value: record.value,
        headers: Object.fromEntries(headers) as Record<string, string>,
        timestampMs: Number(time),
      });
    }
  }
  return { assignment, records, nextOffset };
}
