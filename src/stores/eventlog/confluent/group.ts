/** Membership in a Kafka group through a Node child, and what the child has read of the owned partitions. */

import type { Clock } from "../../../core/clock.ts";
import { Deadline } from "../../../core/deadline.ts";
import type { Assignment, LogRecord } from "../../../events/ports.ts";
import type { NextGeneration } from "../generations.ts";
import type {
  Fetched,
  Fetcher,
  FetchPlace,
  Membership,
  OwnedPartition,
  Questions,
} from "../partition-source.ts";
import { ChildLostError, NodeChild } from "./node-child.ts";
import { type ConfluentConnection, groupProperties } from "./properties.ts";
import type { FetchedWire, GroupProtocol, News, OwnedWire } from "./protocol.ts";

/** Without a sign of life for this long the child is given up. */
const SILENCE_MS = 10_000;
const CHECK_EVERY_MS = 500;
const START_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 5_000;
const LEAVE_TIMEOUT_MS = 3_000;
const FETCH_WAIT_MS = 500;

export interface GroupOptions {
  readonly connection: ConfluentConnection;
  readonly group: string;
  readonly topics: readonly string[];
  readonly clock: Clock;
  readonly nextGeneration: NextGeneration;
}

/**
 * out -> up, and given what the child says -> (the child is lost, silent or given up) -> out -> (begun anew) up ...
 * What was given is owned once it has a number of the store and the coordinator confirmed it after that: see kafka-membership.ts.
 */
export class ConfluentGroup implements Membership, Questions, Fetcher {
  readonly #options: GroupOptions;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  /** Until a broker turns out not to offer it. */
  #protocol: GroupProtocol = "consumer";
  #child: NodeChild | null = null;
  #given: readonly OwnedWire[] = [];
  #owned = new Map<OwnedWire, OwnedPartition>();
  #settling: Promise<void> | null = null;
  #aliveAtMs = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** Throws when no broker answers. */
  async start(): Promise<void> {
    await this.#join();
    this.#loop = this.#run();
  }

  owned(): readonly OwnedPartition[] {
    return this.#isAlive() ? [...this.#owned.values()] : [];
  }

  /** The old child says goodbye meanwhile: brokers would wait for it long after it is gone. */
  renew(): void {
    const child = this.#child;
    this.#child = null;
    this.#forget();
    if (child) void this.#dismiss(child);
  }

  async commit({ topic, partition }: Assignment, nextOffset: bigint): Promise<void> {
    await this.#up().ask("commit", { topic, partition, offset: Number(nextOffset) }, this.#requestDeadline());
  }

  async bounds(
    topic: string,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, { start: bigint; end: bigint }>> {
    const bounds = await this.#up().ask("bounds", { topic, partitions }, this.#requestDeadline());
    return new Map(
      partitions.map((partition, at) => {
        const [start, end] = bounds[at] ?? [0, 0];
        return [partition, { start: BigInt(start), end: BigInt(end) }];
      }),
    );
  }

  async fetch(places: readonly FetchPlace[]): Promise<readonly Fetched[]> {
    const serials = new Map([...this.#owned].map(([given, { assignment }]) => [assignment, given.serial]));
    const asked = places.map(({ assignment, offset }) => ({
      topic: assignment.topic,
      partition: assignment.partition,
      // One that is not owned any more is answered with nothing.
      serial: serials.get(assignment) ?? 0,
      offset: Number(offset),
    }));
    const deadline = Deadline.after(this.#options.connection.requestTimeoutMs + FETCH_WAIT_MS, this.#clock);
    const answers = await this.#up().ask("fetch", { places: asked, waitMs: FETCH_WAIT_MS }, deadline);
    return answers.flatMap((answer) => {
      const place = places[answer.place];
      return place ? [asFetched(place.assignment, answer)] : [];
    });
  }

  async leave(): Promise<void> {
    this.#stop.abort();
    this.#forget();
    // Before the loop, which may be waiting for what this very child was asked.
    const child = this.#child;
    this.#child = null;
    if (child) await this.#dismiss(child);
    await this.#loop;
  }

  /** The child ends in `leave`. */
  async close(): Promise<void> {}

  #isAlive(): boolean {
    return this.#child?.isUp === true && this.#clock.monotonicMs() - this.#aliveAtMs < SILENCE_MS;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(CHECK_EVERY_MS, signal);
      if (signal.aborted) return;
      // Without brokers nothing is owned; polling says so, and the next check tries again.
      if (!this.#isAlive()) await this.#join().catch(() => {});
      void this.#settle();
    }
  }

  async #join(): Promise<void> {
    this.#drop();
    const deadline = Deadline.after(START_TIMEOUT_MS, this.#clock);
    const child: NodeChild = await NodeChild.start(deadline, (news) => {
      if (this.#child === child) this.#hear(news);
    });
    if (this.#stop.signal.aborted) {
      child.kill();
      throw new ChildLostError("the member has left");
    }
    this.#child = child;
    this.#aliveAtMs = this.#clock.monotonicMs();
    const { connection, group: id, topics } = this.#options;
    const group = { id, topics, protocol: this.#protocol };
    const properties = groupProperties(connection, id, this.#protocol);
    try {
      await child.ask("open", { properties, group }, deadline);
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  #hear(news: News): void {
    this.#aliveAtMs = this.#clock.monotonicMs();
    if (news.news === "owned") this.#take(news.owned);
    if (news.news !== "failed") return;
    if (news.needsClassic) this.#protocol = "classic";
    this.#drop();
  }

  async #dismiss(child: NodeChild): Promise<void> {
    const deadline = Deadline.after(LEAVE_TIMEOUT_MS, this.#clock);
    await child.ask("leave", null, deadline).catch(() => {}); // The session ends by itself.
    child.kill();
  }

  #drop(): void {
    this.#child?.kill();
    this.#child = null;
    this.#forget();
  }

  /** What the child still has keeps its number. */
  #take(given: readonly OwnedWire[]): void {
    this.#given = given.map((one) => this.#given.find(({ serial }) => serial === one.serial) ?? one);
    this.#owned = new Map([...this.#owned].filter(([one]) => this.#given.includes(one)));
    void this.#settle();
  }

  /** Never throws; what failed is tried again at the next check. */
  #settle(): Promise<void> {
    this.#settling ??= this.#settleOnce()
      .catch(() => {})
      .finally(() => {
        this.#settling = null;
      });
    return this.#settling;
  }

  async #settleOnce(): Promise<void> {
    const child = this.#child;
    const fresh = this.#given.filter((given) => !this.#owned.has(given));
    if (child === null || fresh.length === 0) return;
    const generation = await this.#options.nextGeneration();
    await child.ask("confirm", { owned: fresh }, this.#requestDeadline());
    if (this.#child !== child) return;
    for (const given of fresh)
      if (this.#given.includes(given)) this.#owned.set(given, asOwned(given, generation));
  }

  #forget(): void {
    this.#given = [];
    this.#owned = new Map();
  }

  #up(): NodeChild {
    if (this.#child === null) throw new ChildLostError("not a member of the group now");
    return this.#child;
  }

  #requestDeadline = () => Deadline.after(REQUEST_TIMEOUT_MS, this.#clock);
}

const asOwned = (
  { startOffset, topic, topicId, partition }: OwnedWire,
  generation: number,
): OwnedPartition => ({
  assignment: { topic, topicId, partition, generation },
  startOffset: BigInt(startOffset),
});

function asFetched(assignment: Assignment, { records, nextOffset }: FetchedWire): Fetched {
  const { topic, topicId, partition } = assignment;
  return {
    assignment,
    nextOffset: BigInt(nextOffset),
    records: records.map(
      ([offset, timestampMs, key, value, headers]): LogRecord => ({
        topic,
        topicId,
        partition,
        offset: BigInt(offset),
        key: key === null ? null : Buffer.from(key, "base64"),
        value: value === null ? null : Buffer.from(value, "base64"),
        headers,
        timestampMs,
      }),
    ),
  };
}
