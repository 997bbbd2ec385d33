/** Checks of the replay of dead letters that hold for the real store and must fail on broken ones. */

import { expect } from "bun:test";
import { type LetterOutcome, replayLetters } from "../../src/cli/replay/replay-letters.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { LogEvent } from "../../src/events/model.ts";
import type { ProduceRecord } from "../../src/events/ports.ts";
import { decideRecord, type TopicKinds } from "../../src/events/stream-record.ts";
import { applyEffects } from "../../src/stores/postgres/consumer-effects.ts";
import { storeDeadLetters } from "../../src/stores/postgres/dead-letter.ts";
import {
  createDeadLetterReplays,
  type DeadLetterFilter,
  type DeadLetterReplays,
} from "../../src/stores/postgres/dlq-replay.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { asMessage, query, TOPICS } from "./backbone.ts";
import { aWatchEvent } from "./plans.ts";

/** What stands between a replay and its store: nothing, or a mutant. */
export type WrapReplays = (replays: DeadLetterReplays, pool: Pool) => DeadLetterReplays;

export const realReplays: WrapReplays = (replays) => replays;

export const HISTORY_SIZE = 20;
const KINDS: TopicKinds = new Map([
  [TOPICS.impressions, "impression"],
  [TOPICS.watches, "watch"],
]);
const soon = () => Deadline.after(10_000);

export const replaysOf = (pool: Pool): DeadLetterReplays =>
  createDeadLetterReplays({ pool, historySize: HISTORY_SIZE, actor: "cli:test" });

const asRecord = ({ topic, key, value, headers }: ProduceRecord, index: number) => ({
  ...{ topic, topicId: "t-1", partition: 0, offset: BigInt(index), timestampMs: 0, value, headers },
  key: Buffer.from(key),
});

/** Keeps the records as dead letters, in their order. */
export async function storeLetters(pool: Pool, records: readonly ProduceRecord[]): Promise<void> {
  const letters = records.map((record, index) => ({
    record: asRecord(record, index),
    errorClass: "handler" as const,
    errorText: "it failed",
    retryCount: 5,
    eventId: record.headers["event_id"] ?? null,
  }));
  await pool.transaction("write", soon(), (tx) =>
    storeDeadLetters(tx, letters, { node: "test-node", appVersion: "0.0.0" }),
  );
}

/** Applies events as the consumer does. */
export async function applyEvents(pool: Pool, events: readonly LogEvent[]): Promise<void> {
  for (const [index, event] of events.entries()) {
    const entry = decideRecord(asRecord(asMessage(event), index), KINDS);
    if (entry.kind !== "watch" && entry.kind !== "impression") throw new Error(entry.kind);
    await pool.transaction("write", soon(), (tx) => applyEffects(tx, [entry], HISTORY_SIZE));
  }
}

export interface ReplayOptions {
  readonly wrap?: WrapReplays;
  readonly filter?: Partial<DeadLetterFilter>;
  readonly leaseMs?: number;
  /** Puts the rows into another order. */
  readonly ordered?: <T>(rows: readonly T[]) => readonly T[];
}

/** One run of the command's loop. */
export async function replay(pool: Pool, options: ReplayOptions = {}): Promise<readonly LetterOutcome[]> {
  const { wrap = realReplays, filter, leaseMs = 15_000, ordered = (rows) => rows } = options;
  const replays = wrap(replaysOf(pool), pool);
  const letters = await replays.list({ statuses: ["pending"], topic: null, limit: 1000, ...filter }, soon());
  return replayLetters({ replays, kinds: KINDS, clock: systemClock, leaseMs }, ordered(letters));
}

export const kindsOf = (outcomes: readonly LetterOutcome[]) => outcomes.map(({ outcome }) => outcome.kind);

const watches = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    aWatchEvent({ eventId: `letter-${String(index).padStart(3, "0")}`, itemId: "i-1", watchTimeSec: 300 }),
  );

const score = (pool: Pool) => query(pool, "select score::int from item_popularity where item_id = 'i-1'");

/** F43: the replay of an event that was applied meanwhile is a duplicate and changes nothing. */
export async function checkDuplicateChangesNothing(pool: Pool, wrap: WrapReplays): Promise<void> {
  const events = watches(2);
  await applyEvents(pool, events);
  await storeLetters(
    pool,
    events.map((event) => asMessage(event)),
  );

  const outcomes = await replay(pool, { wrap });

  expect(await score(pool)).toEqual([{ score: 20 }]);
  expect(kindsOf(outcomes)).toEqual(["duplicate", "duplicate"]);
}

/** F42: of two replayers that list the same rows each row is replayed by one. */
export async function checkOneReplayerARow(pool: Pool, wrap: WrapReplays): Promise<void> {
  const events = watches(30);
  await storeLetters(
    pool,
    events.map((event) => asMessage(event)),
  );
  const bothListed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const inStep =
    (turn: 0 | 1): WrapReplays =>
    (replays, over) => {
      const wrapped = wrap(replays, over);
      return {
        ...wrapped,
        async list(...args) {
          const letters = await wrapped.list(...args);
          bothListed[turn].resolve();
          await Promise.all(bothListed.map(({ promise }) => promise));
          return letters;
        },
      };
    };

  const outcomes = await Promise.all([replay(pool, { wrap: inStep(0) }), replay(pool, { wrap: inStep(1) })]);

  expect(await score(pool)).toEqual([{ score: 300 }]);
  expect(await query(pool, "select distinct status, replay_count from feature_consumer_dlq")).toEqual([
    { status: "replayed", replay_count: 1 },
  ]);
  expect(outcomes.flatMap(kindsOf)).toEqual(Array(30).fill("processed"));
}

/** F45: a replayer that fails between the effect and the mark has changed nothing; the next one applies it once. */
export async function checkEffectWithMark(pool: Pool, wrap: WrapReplays): Promise<void> {
  await storeLetters(
    pool,
    watches(1).map((event) => asMessage(event)),
  );
  // The mark fails, as if the process had died before it.
  await query(pool, "alter table feature_consumer_dlq add constraint no_mark check (status <> 'replayed')");
  await replay(pool, { wrap });
  const afterFailure = await query(pool, "select count(*)::int as markers from feature_event_consumed");
  await query(pool, "alter table feature_consumer_dlq drop constraint no_mark");

  expect(afterFailure).toEqual([{ markers: 0 }]);
  expect(kindsOf(await replay(pool, { wrap }))).toEqual(["processed"]);
  expect(await score(pool)).toEqual([{ score: 10 }]);
}
