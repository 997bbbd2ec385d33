/** Reads the partitions that a group member owns, from positions it may move. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { Random } from "../../core/random.ts";
import { jittered } from "../../core/retry-delay.ts";
import type { Assignment, EventLogConsumer, LogRecord } from "../../events/ports.ts";
import type { Pool } from "../postgres/pool-types.ts";
import { Cursors } from "./cursors.ts";
import type { GroupMembership } from "./embedded-group.ts";
import type { Owned } from "./embedded-leases.ts";
import { commitPosition, readBounds, readEnds, readRecords } from "./embedded-reads.ts";

export interface ConsumerOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly random: Random;
  readonly group: string;
  readonly memberId: string;
  readonly membership: GroupMembership;
}

interface Cursor {
  position: bigint;
  paused: boolean;
}

const QUERY_TIMEOUT_MS = 5_000;
const BUSY_POLL_MS = 50;
const IDLE_POLL_MS = 1_000;
const JITTER = 0.2;

export class EmbeddedConsumer implements EventLogConsumer {
  readonly #options: ConsumerOptions;
  readonly #cursors: Cursors<Owned, Cursor>;
  #pollDelayMs = BUSY_POLL_MS;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#cursors = new Cursors(
      () => options.membership.owned(),
      ({ committed }) => ({ position: committed, paused: false }),
    );
  }

  assignments(): readonly Assignment[] {
    return this.#cursors.assignments();
  }

  async poll(options: {
    maxRecords: number;
    timeoutMs: number;
    signal: AbortSignal;
  }): Promise<readonly LogRecord[]> {
    const { clock, random } = this.#options;
    const endMs = clock.monotonicMs() + options.timeoutMs;
    while (!options.signal.aborted) {
      const records = await this.#read(options.maxRecords);
      if (records.length > 0) {
        this.#pollDelayMs = BUSY_POLL_MS;
        return records;
      }
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) return [];
      await clock.sleep(Math.min(leftMs, jittered(this.#pollDelayMs, JITTER, random)), options.signal);
      this.#pollDelayMs = Math.min(this.#pollDelayMs * 2, IDLE_POLL_MS);
    }
    // A hint ended the wait: something was appended, so the next empty answer is not a sign of idleness.
    this.#pollDelayMs = BUSY_POLL_MS;
    return [];
  }

  seek(assignment: Assignment, nextOffset: bigint): void {
    const cursor = this.#cursors.of(assignment);
    if (cursor) cursor.position = nextOffset;
  }

  pause(assignment: Assignment): void {
    this.#cursors.setPaused(assignment, true);
  }

  resume(assignment: Assignment): void {
    this.#cursors.setPaused(assignment, false);
  }

  async commit(assignment: Assignment, nextOffset: bigint): Promise<void> {
    const { pool, group, memberId, membership } = this.#options;
    const isCurrent = await commitPosition(
      pool,
      { group, memberId },
      assignment,
      nextOffset,
      this.#deadline(),
    );
    if (!isCurrent) membership.drop(assignment);
  }

  async lag(): Promise<readonly { readonly assignment: Assignment; readonly lag: number }[]> {
    const owned = this.#cursors.owned();
    const ends = await readEnds(
      this.#options.pool,
      owned.map(([assignment]) => assignment),
      this.#deadline(),
    );
    return owned.map(([assignment, cursor], index) => ({
      assignment,
      lag: Math.max(0, Number((ends[index] ?? 0n) - cursor.position)),
    }));
  }

  bounds(assignment: Assignment): Promise<{ start: bigint; end: bigint }> {
    return readBounds(this.#options.pool, assignment, this.#deadline());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.membership.leave();
  }

  async #read(maxRecords: number): Promise<readonly LogRecord[]> {
    const turns = this.#cursors.inTurn(this.#cursors.readable());
    if (turns.length === 0) return [];
    const places = turns.map(([assignment, { position }]) => ({ assignment, position }));
    const records = await readRecords(this.#options.pool, places, maxRecords, this.#deadline());
    for (const record of records) this.#advance(turns, record);
    return records;
  }

  #advance(turns: readonly (readonly [Assignment, Cursor])[], record: LogRecord): void {
    const entry = turns.find(
      ([assignment]) => assignment.partition === record.partition && assignment.topic === record.topic,
    );
    if (entry) entry[1].position = record.offset + 1n;
  }

  #deadline(): Deadline {
    return Deadline.after(QUERY_TIMEOUT_MS, this.#options.clock);
  }
}
