/** Reads the partitions that a group member owns, from positions it may move. */

import type { Clock } from "../../core/clock.ts";
import type { Assignment, EventLogConsumer, LogRecord } from "../../events/ports.ts";
import { Cursors } from "./cursors.ts";
import {
  type Fetched,
  type Fetcher,
  type Membership,
  type OwnedPartition,
  PositionLostError,
  type Questions,
} from "./partition-source.ts";

interface Cursor {
  /** Next to be handed out. */
  position: bigint;
  /** Next to be fetched: behind `fetched`. */
  fetchOffset: bigint;
  /** Fetched and not yet handed out. */
  fetched: LogRecord[];
  paused: boolean;
}

const IDLE_MS = 50;

export class KafkaConsumer implements EventLogConsumer {
  readonly #membership: Membership;
  readonly #questions: Questions;
  readonly #fetcher: Fetcher;
  readonly #clock: Clock;
  readonly #cursors: Cursors<OwnedPartition, Cursor>;
  #fetching: Promise<void> | null = null;
  #failure: Error | null = null;

  constructor(parts: { membership: Membership; questions: Questions; fetcher: Fetcher; clock: Clock }) {
    const { membership, questions, fetcher, clock } = parts;
    this.#membership = membership;
    this.#questions = questions;
    this.#cursors = new Cursors(() => membership.owned(), begin);
    this.#fetcher = fetcher;
    this.#clock = clock;
  }

  assignments(): readonly Assignment[] {
    return this.#cursors.assignments();
  }

  async poll(options: {
    maxRecords: number;
    timeoutMs: number;
    signal: AbortSignal;
  }): Promise<readonly LogRecord[]> {
    const endMs = this.#clock.monotonicMs() + options.timeoutMs;
    while (!options.signal.aborted) {
      const records = this.#take(options.maxRecords);
      if (records.length > 0) return records;
      if (this.#failure) {
        const failure = this.#failure;
        this.#failure = null;
        throw failure;
      }
      const leftMs = endMs - this.#clock.monotonicMs();
      if (leftMs <= 0) return [];
      this.#fetch();
      const waitMs = this.#fetching === null ? Math.min(leftMs, IDLE_MS) : leftMs;
      const nap = this.#clock.sleep(waitMs, options.signal);
      await Promise.race(this.#fetching === null ? [nap] : [this.#fetching, nap]);
    }
    return [];
  }

  seek(assignment: Assignment, nextOffset: bigint): void {
    const cursor = this.#cursors.of(assignment);
    if (cursor) Object.assign(cursor, { position: nextOffset, fetchOffset: nextOffset, fetched: [] });
  }

  pause(assignment: Assignment): void {
    this.#cursors.setPaused(assignment, true);
  }

  resume(assignment: Assignment): void {
    this.#cursors.setPaused(assignment, false);
  }

  async commit(assignment: Assignment, nextOffset: bigint): Promise<void> {
    if (this.#cursors.of(assignment)) await this.#membership.commit(assignment, nextOffset);
  }

  async lag(): Promise<readonly { readonly assignment: Assignment; readonly lag: number }[]> {
    const byTopic = Map.groupBy(this.#cursors.owned(), ([{ topic }]) => topic);
    const lags = [...byTopic].map(async ([topic, owned]) => {
      const bounds = await this.#questions.bounds(
        topic,
        owned.map(([{ partition }]) => partition),
      );
      return owned.map(([assignment, { position }]) => {
        const end = bounds.get(assignment.partition)?.end ?? 0n;
        return { assignment, lag: Math.max(0, Number(end - position)) };
      });
    });
    return (await Promise.all(lags)).flat();
  }

  async bounds({ topic, partition }: Assignment): Promise<{ start: bigint; end: bigint }> {
    const bounds = await this.#questions.bounds(topic, [partition]);
    return bounds.get(partition) ?? { start: 0n, end: 0n };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#membership.leave(), this.#fetcher.close()]);
  }

  #take(maxRecords: number): readonly LogRecord[] {
    const filled = this.#cursors.readable().filter(([, { fetched }]) => fetched.length > 0);
    const records: LogRecord[] = [];
    for (const [, cursor] of this.#cursors.inTurn(filled)) {
      const taken = cursor.fetched.splice(0, maxRecords - records.length);
      records.push(...taken);
      cursor.position = cursor.fetched[0]?.offset ?? cursor.fetchOffset;
    }
    return records;
  }

  /** One fetch at a time, for the partitions of which nothing is left. */
  #fetch(): void {
    if (this.#fetching !== null) return;
    const places = this.#cursors
      .readable()
      .filter(([, { fetched }]) => fetched.length === 0)
      .map(([assignment, { fetchOffset }]) => ({ assignment, offset: fetchOffset }));
    if (places.length === 0) return;
    const offsets = new Map(places.map(({ assignment, offset }) => [assignment, offset]));
    this.#fetching = this.#fetcher
      .fetch(places)
      .then((answers) => {
        for (const answer of answers) this.#keep(answer, offsets.get(answer.assignment));
      })
      .catch((error) => {
        if (error instanceof PositionLostError) this.#membership.renew();
        this.#failure = error;
      })
      .finally(() => {
        this.#fetching = null;
      });
  }

  /** What was asked for before a seek or a rebalance is not kept. */
  #keep({ assignment, records, nextOffset }: Fetched, askedFrom: bigint | undefined): void {
    const cursor = this.#cursors.of(assignment);
    if (!cursor || cursor.fetched.length > 0 || cursor.fetchOffset !== askedFrom) return;
    cursor.fetched = [...records];
    cursor.fetchOffset = nextOffset;
    if (records.length === 0) cursor.position = nextOffset;
  }
}

const begin = ({ startOffset }: OwnedPartition): Cursor => ({
  position: startOffset,
  fetchOffset: startOffset,
  fetched: [],
  paused: false,
});
