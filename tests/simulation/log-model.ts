/** A broker in memory: topics, partitions, consumer groups. */

import { partitionFor } from "../../src/events/partitioner.ts";
import type { Assignment, LogRecord, ProduceRecord, ProduceResult } from "../../src/events/ports.ts";
import { GroupModel } from "./group-model.ts";
import { MAX_RECORD_BYTES } from "./settings.ts";

export interface LogPartition {
  /** First offset still held. */
  start: number;
  /** Place in the array = offset; those below `start` can no longer be read. */
  readonly records: LogRecord[];
}

export interface Topic {
  readonly name: string;
  readonly id: string;
  readonly partitions: readonly LogPartition[];
}

export interface Owned {
  readonly assignment: Assignment;
  readonly committed: bigint;
}

export interface LogObserver {
  appended(record: LogRecord): void;
  committed(assignment: Assignment, nextOffset: bigint): void;
}

export class LogModel {
  readonly topics = new Map<string, Topic>();
  /** Every topic there ever was, for the checks. */
  readonly everyTopic: Topic[] = [];
  readonly #nowMs: () => number;
  readonly #observer: LogObserver;
  readonly #groups = new Map<string, GroupModel>();

  constructor(nowMs: () => number, observer: LogObserver) {
    this.#nowMs = nowMs;
    this.#observer = observer;
  }

  ensureTopic(name: string, partitions: number): void {
    if (!this.topics.has(name)) this.#create(name, partitions);
  }

  /** Deletes the topic and makes it again; `keep`: with the records it had, as from a mirror. */
  recreate(name: string, keep: boolean): void {
    const old = this.topics.get(name);
    if (!old) return;
    const topic = this.#create(name, old.partitions.length);
    for (const group of this.#groups.values()) group.forget(name);
    if (!keep) return;
    for (const [index, { start, records }] of old.partitions.entries()) {
      for (const record of records.slice(start)) this.#append(topic, index, record);
    }
  }

  /** A message that came past the relay. */
  appendForeign(name: string, partition: number, message: Pick<LogRecord, "value" | "headers">): void {
    const topic = this.topics.get(name);
    if (topic) this.#append(topic, partition, { key: null, ...message });
  }

  /**
   * Appends in order per partition. `cutAt` answers for a partition how many records come through; the next one fails
   * and no later one is appended. `twice`: the request was delivered again.
   */
  produce(
    records: readonly ProduceRecord[],
    cutAt: (total: number) => number,
    twice: boolean,
  ): ProduceResult[] {
    const results = new Map<ProduceRecord, ProduceResult>();
    for (const record of records) if (!TOPIC_NAME.test(record.topic)) results.set(record, NO_TOPIC);
    const possible = records.filter((record) => !results.has(record));
    const places = Map.groupBy(possible, (record) => this.#placeOf(record));
    for (const [place, own] of places) {
      const [name = "", index = ""] = place.split("/");
      const topic = this.topics.get(name);
      const kept = topic ? own.slice(0, cutAt(own.length)) : [];
      for (let turn = 0; turn < (twice ? 2 : 1); turn++) {
        for (const record of kept)
          if (topic && !isTooLarge(record)) this.#append(topic, Number(index), asStored(record));
      }
      for (const record of kept) results.set(record, isTooLarge(record) ? TOO_LARGE : { status: "acked" });
    }
    return records.map(
      (record) => results.get(record) ?? { status: "failed", class: "retryable", error: "not the leader" },
    );
  }

  group(name: string): GroupModel {
    const group = this.#groups.get(name) ?? new GroupModel(this.#nowMs);
    this.#groups.set(name, group);
    return group;
  }

  /** One step of a member's heartbeat; answers what it owns. */
  step(group: GroupModel, member: string, topics: readonly string[], leaseMs: number): Owned[] {
    for (const name of topics) group.know(name, this.topics.get(name)?.partitions.length ?? 0);
    return group.step(member, topics, leaseMs).map(({ topic, partition, generation, committed }) => ({
      assignment: { topic, partition, generation, topicId: this.topics.get(topic)?.id ?? "" },
      committed,
    }));
  }

  read(assignment: Assignment, position: bigint, limit: number): LogRecord[] {
    const partition = this.partitionOf(assignment);
    if (!partition) return [];
    const from = Math.max(Number(position), partition.start);
    return partition.records.slice(from, from + limit);
  }

  commit(group: GroupModel, member: string, assignment: Assignment, nextOffset: bigint): boolean {
    const isCurrent = group.commit(member, assignment, nextOffset);
    if (isCurrent) this.#observer.committed(assignment, nextOffset);
    return isCurrent;
  }

  bounds(assignment: Assignment): { start: bigint; end: bigint } {
    const partition = this.partitionOf(assignment);
    return { start: BigInt(partition?.start ?? 0), end: BigInt(partition?.records.length ?? 0) };
  }

  /** Undefined for a topic that was deleted. */
  partitionOf({ topic, topicId, partition }: Omit<Assignment, "generation">): LogPartition | undefined {
    const known = this.topics.get(topic);
    return known?.id === topicId ? known.partitions[partition] : undefined;
  }

  #create(name: string, partitions: number): Topic {
    const id = `${name}#${this.everyTopic.length}`;
    const topic = {
      name,
      id,
      partitions: Array.from({ length: partitions }, () => ({ start: 0, records: [] })),
    };
    this.topics.set(name, topic);
    this.everyTopic.push(topic);
    return topic;
  }

  #append(topic: Topic, index: number, record: Pick<LogRecord, "key" | "value" | "headers">): void {
    const { records } = topic.partitions[index] as LogPartition;
    const { key, value, headers } = record;
    const place = { topic: topic.name, topicId: topic.id, partition: index, offset: BigInt(records.length) };
    const appended = { ...place, key, value, headers, timestampMs: Math.trunc(this.#nowMs()) };
    records.push(appended);
    this.#observer.appended(appended);
  }

  #placeOf({ topic, key }: ProduceRecord): string {
    return `${topic}/${partitionFor(key, this.topics.get(topic)?.partitions.length ?? 1)}`;
  }
}

const TOO_LARGE: ProduceResult = { status: "failed", class: "too_large", error: "more than the log takes" };
const NO_TOPIC: ProduceResult = { status: "failed", class: "fatal", error: "no topic can have this name" };
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;
const isTooLarge = ({ value }: ProduceRecord) => value.byteLength > MAX_RECORD_BYTES;
const asStored = ({ key, value, headers }: ProduceRecord) => ({ key: Buffer.from(key), value, headers });
