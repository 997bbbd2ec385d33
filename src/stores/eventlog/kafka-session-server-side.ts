/** A member by the protocol of KIP-848: the coordinator assigns, and only what changes owner comes to rest. */

import { Consumer } from "@platformatic/kafka";
import { asError } from "../../core/errors.ts";
import { clientOptions, closeClient, guarded, hasApiError } from "./kafka-client.ts";
import { Coordinator, positionOf } from "./kafka-coordinator.ts";
import { type GroupSession, type HeldPartition, SESSION_MS, type SessionOptions } from "./kafka-session.ts";

interface TopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

interface HeartbeatAnswer {
  readonly memberEpoch: number;
  readonly assignment: { readonly topicPartitions: readonly TopicPartitions[] } | null;
}

const CLOSE_TIMEOUT_MS = 2_000;
const JOIN_EPOCH = 0;
const LEAVE_EPOCH = -1;

/**
 * joining -> member of an epoch, which grows with each change -> over, when the coordinator gave the member up.
 * The library's own form of this protocol hides the epoch and cannot be joined without reading; this one asks directly.
 */
export class ServerSideSession implements GroupSession {
  readonly #options: SessionOptions;
  readonly #client: Consumer;
  readonly #coordinator: Coordinator;
  #epoch = JOIN_EPOCH;
  #held: readonly HeldPartition[] = [];
  #knownAtMs = Number.NEGATIVE_INFINITY;
  #isOver = false;
  #beating: Promise<void> | null = null;

  constructor(options: SessionOptions) {
    const { connection, group, clock } = options;
    this.#options = options;
    this.#client = guarded(new Consumer({ ...clientOptions(connection), groupId: group }));
    this.#coordinator = new Coordinator(this.#client, group, clock);
  }

  held = () => this.#held;
  get knownAtMs(): number {
    return this.#knownAtMs;
  }
  get isOver(): boolean {
    return this.#isOver;
  }

  join(): Promise<void> {
    return this.#coordinator.patiently(() => this.tick());
  }

  /** One heartbeat; two callers at once share it. */
  tick(): Promise<void> {
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  async confirm(): Promise<void> {
    await this.#beating?.catch(() => {}); // It may have been on its way before the question arose.
    await this.tick();
  }

  async commit(partition: HeldPartition, nextOffset: bigint): Promise<void> {
    const position = positionOf(partition.topic, partition.partition, nextOffset);
    const { group, memberId } = this.#options;
    const send = () => this.#coordinator.ask("OffsetCommit", group, this.#epoch, memberId, null, [position]);
    try {
      await send();
    } catch (thrown) {
      if (!hasApiError(asError(thrown), "STALE_MEMBER_EPOCH")) throw thrown;
      // The group went on; the partition may have stayed.
      await this.confirm();
      if (this.#held.includes(partition)) await send();
    }
  }

  async close(): Promise<void> {
    const wasMember = this.#epoch > JOIN_EPOCH && !this.#isOver;
    this.#isOver = true;
    this.#held = [];
    if (wasMember) await this.#heartbeat(LEAVE_EPOCH).catch(() => {}); // The session ends anyway.
    await closeClient(this.#client, CLOSE_TIMEOUT_MS, this.#options.clock);
  }

  async #beat(): Promise<void> {
    const startMs = this.#options.clock.monotonicMs();
    let answer: HeartbeatAnswer;
    try {
      answer = await this.#heartbeat(this.#epoch);
    } catch (thrown) {
      if (hasApiError(asError(thrown), "FENCED_MEMBER_EPOCH", "UNKNOWN_MEMBER_ID")) this.#end();
      throw thrown;
    }
    if (this.#isOver) return;
    this.#epoch = answer.memberEpoch;
    this.#knownAtMs = startMs;
    if (answer.assignment && (await this.#assign(answer.assignment.topicPartitions))) {
      // What was given back can go to others as soon as the coordinator hears of it.
      await this.#beat();
    }
  }

  /** True when something is given back. */
  async #assign(assigned: readonly TopicPartitions[]): Promise<boolean> {
    const isAssigned = ({ topicId, partition }: HeldPartition) =>
      assigned.some((topic) => topic.topicId === topicId && topic.partitions.includes(partition));
    const kept = this.#held.filter(isAssigned);
    const lost = this.#held.length - kept.length;
    // Given back before any wait.
    if (lost > 0) this.#hold(kept);
    const added = assigned.flatMap(({ topicId, partitions }) =>
      partitions
        .filter((partition) => !kept.some((own) => own.topicId === topicId && own.partition === partition))
        .map((partition) => ({ topicId, partition })),
    );
    if (added.length === 0) return lost > 0;
    const ids = await this.#options.questions.topicIds(this.#options.topics);
    const names = new Map([...ids].map(([topic, id]) => [id, topic]));
    // A topic that brokers do not show yet is taken at a later heartbeat, which names it again.
    const named = added.flatMap(({ topicId, partition }) => {
      const topic = names.get(topicId);
      return topic === undefined ? [] : [{ topic, topicId, partition }];
    });
    if (named.length > 0 && !this.#isOver) this.#hold([...kept, ...named]);
    return lost > 0;
  }

  #hold(held: readonly HeldPartition[]): void {
    this.#held = held;
    this.#options.onChange();
  }

  #end(): void {
    this.#isOver = true;
    this.#hold([]);
  }

  #heartbeat(epoch: number): Promise<HeartbeatAnswer> {
    const { group, memberId, topics } = this.#options;
    const owned = [...Map.groupBy(this.#held, ({ topicId }) => topicId)].map(([topicId, partitions]) => ({
      topicId,
      partitions: partitions.map(({ partition }) => partition),
    }));
    const [instance, rack, pattern, assignor] = [null, null, null, null];
    const who = [group, memberId, epoch, instance, rack] as const;
    const what = [SESSION_MS, [...topics], pattern, assignor, owned] as const;
    return this.#coordinator.ask("ConsumerGroupHeartbeat", ...who, ...what);
  }
}
