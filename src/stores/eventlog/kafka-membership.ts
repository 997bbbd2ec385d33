/** Membership of one consumer in a Kafka group: which partitions it owns, and with which generation. */

import { Consumer } from "@platformatic/kafka";
import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { Assignment } from "../../events/ports.ts";
import { asDescribed, clientOptions, closeClient, type KafkaConnection } from "./kafka-client.ts";
import type { Membership, OwnedPartition } from "./partition-source.ts";

const SESSION_MS = 10_000;
const HEARTBEAT_MS = 1_000;
const CHECK_EVERY_MS = 500;
const CLOSE_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 5_000;
/** For the coordinator of a cluster that has just started. */
const JOIN_RETRIES = 20;
const JOIN_RETRY_MS = 250;
const EARLIEST = -2n;
const LATEST = -1n;

/**
 * out -> (joined) -> in, with partitions -> (the group rebalances) -> in, with none -> (joined again) -> in ...
 * A member whose heartbeats stopped coming back owns nothing; its client is closed, and a new one joins.
 */
export class KafkaMembership implements Membership {
  readonly #connection: KafkaConnection;
  readonly #group: string;
  readonly #topics: readonly string[];
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #client: Consumer | null = null;
  #owned: readonly OwnedPartition[] = [];
  /** The generation that `#owned` belongs to; null while it has to be read. */
  #settled: number | null = null;
  #aliveAtMs = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(connection: KafkaConnection, group: string, topics: readonly string[], clock: Clock) {
    this.#connection = connection;
    this.#group = group;
    this.#topics = topics;
    this.#clock = clock;
  }

  /** Joins. Throws when no broker lets it. */
  async start(): Promise<void> {
    await this.#join();
    this.#loop = this.#run();
  }

  /** What is owned now; empty while the group rebalances, and when the last heartbeat is too long ago. */
  owned(): readonly OwnedPartition[] {
    return this.#clock.monotonicMs() - this.#aliveAtMs < SESSION_MS ? this.#owned : [];
  }

  /** Begins anew with a client of its own: the assignments get a new generation. */
  rejoin(): void {
    this.#aliveAtMs = 0;
    this.#owned = [];
  }

  /** Only for a current assignment: the library would carry a stale one into the next generation. */
  async commit({ topic, partition }: Assignment, nextOffset: bigint): Promise<void> {
    const offsets = [{ topic, partition, offset: nextOffset, leaderEpoch: -1 }];
    await this.#ask((client) => client.commit({ offsets }));
  }

  /** First offset held and next offset to be written, by partition of the topic. */
  async bounds(
    topic: string,
    partitions: number[],
  ): Promise<ReadonlyMap<number, { start: bigint; end: bigint }>> {
    const list = (timestamp: bigint) =>
      this.#ask((client) =>
        client.listOffsets({ topics: [topic], partitions: { [topic]: partitions }, timestamp }),
      );
    const [starts, ends] = await Promise.all([list(EARLIEST), list(LATEST)]);
    return new Map(
      partitions.map((partition) => [
        partition,
        { start: starts.get(topic)?.[partition] ?? 0n, end: ends.get(topic)?.[partition] ?? 0n },
      ]),
    );
  }

  /** Gives everything back, so that others take over at once. Never throws: the session ends anyway. */
  async leave(): Promise<void> {
    this.#stop.abort();
    this.#owned = [];
    await this.#loop;
    await this.#close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(CHECK_EVERY_MS, signal);
      if (signal.aborted) return;
      try {
        if (this.#clock.monotonicMs() - this.#aliveAtMs >= SESSION_MS) await this.#join();
        else await this.#settle();
      } catch {
        // Without brokers nothing is owned; polling says so, and the next check tries again.
      }
    }
  }

  async #join(): Promise<void> {
    await this.#close();
    const client = new Consumer({
      ...clientOptions(this.#connection),
      requestTimeout: Math.max(this.#connection.requestTimeoutMs, SESSION_MS + REQUEST_TIMEOUT_MS),
      retries: JOIN_RETRIES,
      retryDelay: JOIN_RETRY_MS,
      groupId: this.#group,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      autocommit: false,
    });
    this.#client = client;
    client.topics.trackAll(...this.#topics);
    client.on("consumer:heartbeat:end", () => {
      if (this.#client === client) this.#aliveAtMs = this.#clock.monotonicMs();
    });
    client.on("consumer:group:rebalance", () => this.#unsettle());
    client.on("consumer:group:join", () => {
      if (this.#client === client) this.#aliveAtMs = this.#clock.monotonicMs();
      this.#unsettle();
      this.#settle().catch(() => {}); // Read again at the next check.
    });
    // A failed return to the group: heartbeats end with it, and so does this client.
    client.on("error" as "client:close", () => this.rejoin());
    const deadline = Deadline.after(2 * SESSION_MS, this.#clock);
    try {
      await deadline.race(client.joinGroup({}));
      await this.#settle();
    } catch (error) {
      await this.#close();
      throw asDescribed(error);
    }
  }

  #unsettle(): void {
    this.#owned = [];
    this.#settled = null;
  }

  /** Reads what the new generation owns: ids of the topics, and where to begin. */
  async #settle(): Promise<void> {
    const client = this.#client;
    if (client === null || client.assignments === null) return;
    const { generationId: generation, assignments } = client;
    if (this.#settled === generation) return;
    const topics = assignments.filter(({ partitions }) => partitions.length > 0);
    const metadata = await this.#ask(() => client.metadata({ topics: [...this.#topics], forceUpdate: true }));
    const committed = await this.#ask(() => client.listCommittedOffsets({ topics }));
    const owned = await Promise.all(
      topics.map(async ({ topic, partitions }) => {
        const bounds = await this.bounds(topic, partitions);
        const topicId = metadata.topics.get(topic)?.id ?? "";
        return partitions.map((partition): OwnedPartition => {
          const commit = committed.get(topic)?.[partition] ?? -1n;
          const start = bounds.get(partition)?.start ?? 0n;
          return {
            assignment: { topic, topicId, partition, generation },
            startOffset: commit >= start ? commit : start,
          };
        });
      }),
    );
    if (this.#client !== client || client.generationId !== generation || this.#stop.signal.aborted) return;
    this.#owned = owned.flat();
    this.#settled = generation;
  }

  async #ask<T>(question: (client: Consumer) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (client === null) throw new Error("not a member of the group now");
    try {
      return await Deadline.after(REQUEST_TIMEOUT_MS, this.#clock).race(question(client));
    } catch (error) {
      throw asDescribed(error);
    }
  }

  async #close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#unsettle();
    if (client !== null) await closeClient(client, CLOSE_TIMEOUT_MS, this.#clock);
  }
}
