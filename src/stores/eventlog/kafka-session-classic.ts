/** A member by the classic protocol, where members assign among themselves and all come to rest at each change. */

import { Consumer } from "@platformatic/kafka";
import { Deadline } from "../../core/deadline.ts";
import { clientOptions, closeClient, guarded } from "./kafka-client.ts";
import { Coordinator, positionOf } from "./kafka-coordinator.ts";
import { type GroupSession, type HeldPartition, SESSION_MS, type SessionOptions } from "./kafka-session.ts";

const HEARTBEAT_MS = 1_000;
const CLOSE_TIMEOUT_MS = 2_000;
const RETRIES = 20;
const RETRY_MS = 250;
/** A client that no broker knew for so long is given up: the library's may wait for ever. */
const HOPELESS_MS = 3 * SESSION_MS;
const TOPICS_EVERY_MS = 5_000;

/** in, with partitions -> (the group rebalances) -> in, with none -> (joined again by the library) -> in ... */
export class ClassicSession implements GroupSession {
  readonly #options: SessionOptions;
  readonly #client: Consumer;
  readonly #coordinator: Coordinator;
  #held: readonly HeldPartition[] = [];
  #beatStartMs = 0;
  #knownAtMs = Number.NEGATIVE_INFINITY;
  #isOver = false;
  #topicsDueMs = 0;
  #shapes: string | null = null;

  constructor(options: SessionOptions) {
    const { connection, group, topics, clock } = options;
    this.#options = options;
    this.#client = guarded(
      new Consumer({
        ...clientOptions(connection),
        // The coordinator answers a join when all members are in.
        requestTimeout: Math.max(connection.requestTimeoutMs, SESSION_MS + CLOSE_TIMEOUT_MS),
        retries: RETRIES,
        retryDelay: RETRY_MS,
        groupId: group,
        sessionTimeout: SESSION_MS,
        rebalanceTimeout: SESSION_MS,
        heartbeatInterval: HEARTBEAT_MS,
        autocommit: false,
      }),
    );
    this.#coordinator = new Coordinator(this.#client, group, clock);
    this.#client.topics.trackAll(...topics);
    this.#listen();
  }

  held = () => this.#held;
  get knownAtMs(): number {
    return this.#knownAtMs;
  }
  get isOver(): boolean {
    const silentMs = this.#options.clock.monotonicMs() - this.#knownAtMs;
    return this.#isOver || silentMs >= HOPELESS_MS;
  }

  async join(): Promise<void> {
    await this.#coordinator.patiently(() => this.#coordinator.look());
    this.#shapes = await this.#options.questions.topicShapes(this.#options.topics);
    await Deadline.after(2 * SESSION_MS, this.#options.clock).race(this.#client.joinGroup({}));
  }

  /** Heartbeats are the library's; that a topic has other partitions, or is another one, it does not notice. */
  async tick(): Promise<void> {
    const { clock, questions, topics } = this.#options;
    if (clock.monotonicMs() < this.#topicsDueMs) return;
    this.#topicsDueMs = clock.monotonicMs() + TOPICS_EVERY_MS;
    if ((await questions.topicShapes(topics)) !== this.#shapes) this.#isOver = true;
  }

  async confirm(): Promise<void> {
    const { generationId, memberId } = this.#client;
    await this.#coordinator.ask("Heartbeat", this.#options.group, generationId, memberId, null);
  }

  /** Not by the library: it would carry a stale position into the next generation. */
  async commit({ topic, partition }: HeldPartition, nextOffset: bigint): Promise<void> {
    const { generationId, memberId } = this.#client;
    const position = positionOf(topic, partition, nextOffset);
    await this.#coordinator.ask("OffsetCommit", this.#options.group, generationId, memberId, null, [
      position,
    ]);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#held = [];
    await closeClient(this.#client, CLOSE_TIMEOUT_MS, this.#options.clock);
  }

  #listen(): void {
    const { clock } = this.#options;
    const client = this.#client;
    client.on("consumer:heartbeat:start", () => {
      this.#beatStartMs = clock.monotonicMs();
    });
    client.on("consumer:heartbeat:end", () => {
      this.#knownAtMs = this.#beatStartMs;
    });
    client.on("consumer:group:rebalance", () => this.#hold([]));
    client.on("consumer:group:join", () => {
      this.#knownAtMs = clock.monotonicMs();
      this.#hold(
        (client.assignments ?? []).flatMap(({ topic, partitions }) =>
          partitions.map((partition) => ({ topic, topicId: null, partition })),
        ),
      );
    });
    // A failed return to the group: heartbeats end with it.
    client.on("error" as "client:close", () => {
      this.#isOver = true;
      this.#hold([]);
    });
  }

  #hold(held: readonly HeldPartition[]): void {
    if (this.#isOver && held.length > 0) return;
    this.#held = held;
    this.#options.onChange();
  }
}
