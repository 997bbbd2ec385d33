/** The consumer's side of the child: joins the group, reads what it owns, and keeps it on shelves until it is asked for. */

import { type Clock, systemClock } from "../../../../core/clock.ts";
import { asError } from "../../../../core/errors.ts";
import type { FetchedWire, News, OpenGroup, OwnedWire, Questions } from "../protocol.ts";
import { Confirmations } from "./confirmations.ts";
import { renewedTopicIn } from "./log-lines.ts";
import {
  type Conf,
  called,
  connected,
  type RdConsumer,
  type RdError,
  type RdKafka,
  type RdMessage,
  type TopicPartition,
} from "./rdkafka.ts";
import { Shelf } from "./shelf.ts";
import type { Topics } from "./topics.ts";

const ASSIGN = -175;
const AUTO_OFFSET_RESET = -140;
const FATAL = -150;
const ALL_BROKERS_DOWN = -187;
const AUTHENTICATION = -169;

const READ_AT_ONCE = 500;
/** How long a read waits, and with it a seek, an assignment and the end. */
const READ_WAIT_MS = 50;
const REQUEST_TIMEOUT_MS = 5_000;
const CHECK_EVERY_MS = 2_000;
const PAUSE_MS = 50;
/** Of one answer. */
const MAX_RECORDS = 1_000;

export class PositionLost extends Error {
  override name = "PositionLost";
}

/** joining -> owning (some) <-> rebalancing -> left; any failure that is not one request's ends the client. */
export class GroupClient {
  readonly #group: OpenGroup;
  readonly #consumer: RdConsumer;
  readonly #topics: Topics;
  readonly #tell: (news: News) => void;
  readonly #clock: Clock;
  readonly #shelves = new Map<string, Shelf>();
  readonly #confirmations = new Confirmations();
  /** Changes of the assignment, made between two reads so that nothing read for an older one is taken for a newer. */
  #changes: (() => Promise<void>)[] = [];
  #lastSerial = 0;
  #lost: Error | null = null;
  #trouble: Error | null = null;
  /** Called when there may be something to answer. */
  #wakes: (() => void)[] = [];
  #leaving = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(
    kafka: RdKafka,
    properties: Conf,
    group: OpenGroup,
    topics: Topics,
    tell: (news: News) => void,
  ) {
    this.#group = group;
    this.#topics = topics;
    this.#tell = tell;
    this.#clock = systemClock;
    this.#consumer = new kafka.KafkaConsumer({
      ...properties,
      rebalance_cb: (error: RdError, partitions: readonly TopicPartition[]) =>
        this.#rebalance(error.code === ASSIGN, partitions),
      offset_commit_cb: (error: RdError | null, commits: readonly TopicPartition[]) =>
        this.#confirmations.hear(error, commits),
    });
    this.#consumer.setDefaultConsumeTimeout(READ_WAIT_MS);
    this.#consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
    this.#consumer.on("event.log", ({ message }) => {
      const topic = renewedTopicIn(message);
      if (topic === null) return;
      this.#lost = new PositionLost(`topic ${topic} was made anew`);
      this.#notify();
    });
    this.#consumer.on("event.error", (error) => this.#hearError(error));
    this.#consumer.on("partition.eof", ({ topic, partition, offset }) => {
      this.#ends.set(`${topic}/${partition}`, offset);
    });
  }

  readonly #ends = new Map<string, number>();

  async open(timeoutMs: number): Promise<void> {
    await connected(this.#consumer, timeoutMs);
    this.#consumer.subscribe(this.#group.topics);
    this.#reading = this.#read().catch((error) => this.#fail(asError(error)));
    this.#check().catch((error) => this.#fail(asError(error)));
  }

  async fetch({ places, waitMs }: Questions["fetch"]["ask"]): Promise<readonly FetchedWire[]> {
    const until = this.#clock.monotonicMs() + waitMs;
    for (;;) {
      this.#throwTrouble();
      const shelves = places.map(({ topic, partition, serial, offset }) => {
        const shelf = this.#shelves.get(`${topic}/${partition}`);
        if (shelf?.owned.serial !== serial) return null;
        shelf.ask(offset);
        return shelf;
      });
      const answers = takeFrom(shelves);
      const leftMs = until - this.#clock.monotonicMs();
      if (answers.length > 0 || leftMs <= 0) return answers;
      const wake = new AbortController();
      this.#wakes.push(() => wake.abort());
      await this.#clock.sleep(leftMs, wake.signal);
    }
  }

  /** Sent when it is answered, not taken: it is a hint. */
  async commit(ask: Questions["commit"]["ask"]): Promise<void> {
    await called<void>((done) => this.#consumer.commitCb([ask], done));
  }

  /** Commits where each begins, which changes nothing and is refused to anybody but the owner. */
  async confirm({ owned }: Questions["confirm"]["ask"]): Promise<void> {
    // What was taken away meanwhile may have its next owner, whose commits are left alone.
    const starts = owned
      .filter(
        ({ topic, partition, serial }) => this.#shelves.get(`${topic}/${partition}`)?.owned.serial === serial,
      )
      .map(({ topic, partition, startOffset }) => ({ topic, partition, offset: startOffset }));
    if (starts.length === 0) return;
    const confirmed = this.#confirmations.of(starts);
    await Promise.all([called<void>((done) => this.#consumer.commitCb(starts, done)), confirmed]);
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#reading;
    await called((done) => this.#consumer.disconnect(done));
  }

  #rebalance(isAssigned: boolean, partitions: readonly TopicPartition[]): void {
    const isPartial = this.#consumer.rebalanceProtocol() === "COOPERATIVE";
    const change = isAssigned
      ? () => this.#assign(partitions, isPartial)
      : () => this.#giveBack(partitions, isPartial);
    if (!isAssigned) this.#forget(partitions);
    // While it leaves, nothing is read any more.
    if (this.#leaving) change().catch((error) => this.#fail(asError(error)));
    else this.#changes.push(change);
  }

  async #giveBack(partitions: readonly TopicPartition[], isPartial: boolean): Promise<void> {
    // An assignment that was to be made before it may have shelved what is revoked now.
    this.#forget(partitions);
    if (isPartial) this.#consumer.incrementalUnassign(partitions);
    else this.#consumer.unassign();
  }

  #forget(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#shelves.delete(`${topic}/${partition}`);
    this.#tellOwned();
  }

  /** Begins at the group's commit, or at the start of the partition. */
  async #assign(partitions: readonly TopicPartition[], isPartial: boolean): Promise<void> {
    const owned = await this.#place(partitions);
    const starts = owned.map(({ topic, partition, startOffset }) => ({
      topic,
      partition,
      offset: startOffset,
    }));
    if (isPartial) this.#consumer.incrementalAssign(starts);
    else this.#consumer.assign(starts);
    for (const own of owned) {
      this.#shelves.set(`${own.topic}/${own.partition}`, new Shelf(own));
      this.#ends.delete(`${own.topic}/${own.partition}`);
    }
    this.#tellOwned();
  }

  async #place(partitions: readonly TopicPartition[]): Promise<readonly OwnedWire[]> {
    if (partitions.length === 0) return [];
    const [states, committed, bounds] = await Promise.all([
      this.#topics.describe(this.#group.topics, REQUEST_TIMEOUT_MS),
      called<readonly TopicPartition[]>((done) =>
        this.#consumer.committed(partitions, REQUEST_TIMEOUT_MS, done),
      ),
      this.#topics.bounds(partitions, REQUEST_TIMEOUT_MS),
    ]);
    const commits = new Map(
      committed.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]),
    );
    return partitions.map(({ topic, partition }, at) => {
      const topicId = states.get(topic)?.id;
      if (topicId === undefined) throw new Error(`topic ${topic} is missing`);
      const start = bounds[at]?.start ?? 0;
      const commit = commits.get(`${topic}/${partition}`) ?? -1;
      const startOffset = Math.max(commit, start);
      return { topic, topicId, partition, serial: ++this.#lastSerial, startOffset };
    });
  }

  async #read(): Promise<void> {
    while (!this.#leaving) {
      for (const change of this.#changes.splice(0)) await change();
      await this.#steer();
      for (const message of await this.#consume()) {
        this.#shelves.get(`${message.topic}/${message.partition}`)?.add(message);
      }
      for (const [place, end] of this.#ends) this.#shelves.get(place)?.ended(end);
      this.#ends.clear();
      if ([...this.#shelves.values()].some(({ hasNews }) => hasNews)) this.#notify();
    }
  }

  async #consume(): Promise<readonly RdMessage[]> {
    try {
      return await called<readonly RdMessage[]>((done) => this.#consumer.consume(READ_AT_ONCE, done));
    } catch (error) {
      this.#hearError(error as RdError);
      await this.#clock.sleep(PAUSE_MS);
      return [];
    }
  }

  /** Sends the library where readers want to go on, and holds it back where they are slow. */
  async #steer(): Promise<void> {
    for (const shelf of this.#shelves.values()) {
      const { topic, partition } = shelf.owned;
      const { seekTo } = shelf;
      if (seekTo !== null) {
        const target = { topic, partition, offset: seekTo };
        await called<void>((done) => this.#consumer.seek(target, REQUEST_TIMEOUT_MS, done));
        if (shelf.seekTo === seekTo) shelf.seekTo = null;
      }
      if (shelf.wantsPause === shelf.paused) continue;
      if (shelf.paused) this.#consumer.resume([{ topic, partition }]);
      else this.#consumer.pause([{ topic, partition }]);
      shelf.paused = !shelf.paused;
    }
  }

  /**
   * The library follows a name, not an id, and tells of a position out of range only once, if at all: so both are
   * compared with the brokers' now and then.
   */
  async #check(): Promise<void> {
    while (!this.#leaving) {
      await this.#clock.sleep(CHECK_EVERY_MS);
      try {
        await this.#findLost();
      } catch (error) {
        this.#trouble = asError(error);
      }
    }
  }

  async #findLost(): Promise<void> {
    const shelves = [...this.#shelves.values()];
    const before = shelves.map(({ next }) => next);
    const [states, bounds] = await Promise.all([
      this.#topics.describe([...new Set(shelves.map(({ owned }) => owned.topic))], REQUEST_TIMEOUT_MS),
      this.#topics.bounds(
        shelves.map(({ owned }) => owned),
        REQUEST_TIMEOUT_MS,
      ),
    ]);
    for (const [at, { owned, next }] of shelves.entries()) {
      const state = states.get(owned.topic);
      const { start, end } = bounds[at] ?? { start: 0, end: 0 };
      const place = `${owned.topic}/${owned.partition}`;
      if (state?.id !== owned.topicId) this.#lost = new PositionLost(`topic ${owned.topic} was made anew`);
      else if (next < start || (before[at] ?? 0) > end) {
        this.#lost = new PositionLost(`${place} holds ${start} to ${end}, and not ${next}`);
      }
    }
    if (this.#lost) this.#notify();
  }

  #hearError({ code, message }: RdError): void {
    if (code === AUTO_OFFSET_RESET) this.#lost = new PositionLost(message);
    else if (code === FATAL) this.#fail(new Error(message));
    else if (code === ALL_BROKERS_DOWN || code === AUTHENTICATION) this.#trouble = new Error(message);
    this.#notify();
  }

  #fail(error: Error): void {
    // The library tells a fatal error without its cause: one before the group ever gave a partition is taken for
    // brokers that do not speak the newer protocol. Where it was something else, the classic one says so as well.
    const needsClassic = this.#group.protocol === "consumer" && this.#lastSerial === 0;
    this.#tell({ news: "failed", text: error.message, needsClassic });
  }

  #throwTrouble(): void {
    if (this.#lost) throw this.#lost;
    const trouble = this.#trouble;
    this.#trouble = null;
    if (trouble) throw trouble;
  }

  #tellOwned(): void {
    this.#tell({ news: "owned", owned: [...this.#shelves.values()].map(({ owned }) => owned) });
  }

  #notify(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}

function takeFrom(shelves: readonly (Shelf | null)[]): FetchedWire[] {
  const answers: FetchedWire[] = [];
  let left = MAX_RECORDS;
  for (const [place, shelf] of shelves.entries()) {
    if (!shelf?.hasNews || left === 0) continue;
    const taken = shelf.take(left);
    left -= taken.records.length;
    answers.push({ place, ...taken });
  }
  return answers;
}
