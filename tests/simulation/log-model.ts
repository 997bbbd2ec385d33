/** A broker in memory: topics, partitions, and one consumer group with leases and generations. */

import { partitionFor } from "../../src/events/partitioner.ts";
import type { Assignment, LogRecord, ProduceRecord, ProduceResult } from "../../src/events/ports.ts";
import { MAX_RECORD_BYTES } from "./settings.ts";
import type { World } from "./world.ts";

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

/** A partition as the group sees it. */
export interface Slot {
  readonly topic: string;
  readonly partition: number;
  owner: string | null;
  generation: number;
  leaseUntilMs: number;
  committed: bigint;
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
  readonly slots = new Map<string, Slot>();
  /** Every topic there ever was, for the checks. */
  readonly everyTopic: Topic[] = [];
  readonly #world: World;
  readonly #observer: LogObserver;
  readonly #members = new Map<string, number>();

  constructor(world: World, observer: LogObserver) {
    this.#world = world;
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
    for (const slot of this.slots.values()) if (slot.topic === name) slot.committed = 0n;
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
    const places = Map.groupBy(records, (record) => this.#placeOf(record));
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

  /** Heartbeat, renewal, release of the surplus, taking of what is free. */
  step(member: string, topics: readonly string[], leaseMs: number): Owned[] {
    const nowMs = this.#world.nowMs();
    this.#members.set(member, nowMs);
    const live = [...this.#members.values()].filter((seenMs) => seenMs > nowMs - leaseMs).length;
    const slots = [...this.slots.values()].filter(({ topic }) => topics.includes(topic));
    const share = Math.ceil(slots.length / live);
    const own = slots.filter(({ owner }) => owner === member);
    for (const slot of own) slot.leaseUntilMs = nowMs + leaseMs;
    for (const slot of own.slice(share)) Object.assign(slot, { owner: null, leaseUntilMs: nowMs });
    const free = slots.filter(({ owner, leaseUntilMs }) => leaseUntilMs < nowMs && owner !== member);
    for (const slot of free.slice(0, Math.max(0, share - own.length))) {
      Object.assign(slot, { owner: member, generation: slot.generation + 1, leaseUntilMs: nowMs + leaseMs });
    }
    return slots
      .filter(({ owner }) => owner === member)
      .map(({ topic, partition, generation, committed }) => ({
        assignment: { topic, partition, generation, topicId: this.topics.get(topic)?.id ?? "" },
        committed,
      }));
  }

  leave(member: string): void {
    this.#members.delete(member);
    for (const slot of this.slots.values()) {
      if (slot.owner === member) Object.assign(slot, { owner: null, leaseUntilMs: this.#world.nowMs() });
    }
  }

  read(assignment: Assignment, position: bigint, limit: number): LogRecord[] {
    const partition = this.partitionOf(assignment);
    if (!partition) return [];
    const from = Math.max(Number(position), partition.start);
    return partition.records.slice(from, from + limit);
  }

  /** False when the partition has another owner by now. */
  commit(member: string, assignment: Assignment, nextOffset: bigint): boolean {
    const { topic, partition, generation } = assignment;
    const slot = this.slots.get(`${topic}/${partition}`);
    if (slot?.owner !== member || slot.generation !== generation) return false;
    slot.committed = nextOffset;
    this.#observer.committed(assignment, nextOffset);
    return true;
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
    for (let partition = 0; partition < partitions; partition++) {
      const place = `${name}/${partition}`;
      const fresh = { topic: name, partition, owner: null, generation: 0, leaseUntilMs: 0, committed: 0n };
      if (!this.slots.has(place)) this.slots.set(place, fresh);
    }
    return topic;
  }

  #append(topic: Topic, index: number, record: Pick<LogRecord, "key" | "value" | "headers">): void {
    const { records } = topic.partitions[index] as LogPartition;
    const { key, value, headers } = record;
    const place = { topic: topic.name, topicId: topic.id, partition: index, offset: BigInt(records.length) };
    const appended = { ...place, key, value, headers, timestampMs: Math.trunc(this.#world.nowMs()) };
    records.push(appended);
    this.#observer.appended(appended);
  }

  #placeOf({ topic, key }: ProduceRecord): string {
    return `${topic}/${partitionFor(key, this.topics.get(topic)?.partitions.length ?? 1)}`;
  }
}

const TOO_LARGE: ProduceResult = { status: "failed", class: "too_large", error: "more than the log takes" };
const isTooLarge = ({ value }: ProduceRecord) => value.byteLength > MAX_RECORD_BYTES;
const asStored = ({ key, value, headers }: ProduceRecord) => ({ key: Buffer.from(key), value, headers });
