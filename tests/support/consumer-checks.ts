/** Checks of the consumer's guarantees that hold for the real store and must fail on broken ones. */

import { expect } from "bun:test";
import { StoreDataError, StoreUnavailableError } from "../../src/core/errors.ts";
import type { ConsumerStore } from "../../src/events/ports.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { append, asMessage, query, startConsumer, storeOf } from "./backbone.ts";
import { eventually } from "./eventually.ts";
import { aWatchEvent } from "./plans.ts";

/** What stands between a consumer and its store: nothing, or a mutant. */
export type WrapStore = (store: ConsumerStore, pool: Pool) => ConsumerStore;

export const realStore: WrapStore = (store) => store;

const WAIT = { timeoutMs: 10_000 };

/** A purchase: it adds 10 to the popularity of its item. */
const aPurchase = (eventId: string, userId = "u-1") =>
  aWatchEvent({ eventId, userId, itemId: "i-1" as never, watchTimeSec: 300 });

/** F27: a message that is delivered again, in one chunk or in another, counts once. */
export async function checkAppliedOnce(pool: Pool, wrap: WrapStore): Promise<void> {
  await using _consumer = startConsumer(pool, { store: wrap(storeOf(pool), pool) });
  await append(pool, [asMessage(aPurchase("twice-001")), asMessage(aPurchase("twice-001"))]);
  await append(pool, [asMessage(aPurchase("twice-001"))]);

  await consumed(pool, 3);

  expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 10 }]);
}

/** F30: a consumer that fails while it applies a record applies it later. */
export async function checkNothingSkipped(pool: Pool, wrap: WrapStore): Promise<void> {
  const real = storeOf(pool);
  let failures = 1;
  const failing: ConsumerStore = {
    ...real,
    async applyChunk(...args) {
      if (failures-- > 0) throw new StoreUnavailableError("connect", "killed inside the transaction");
      return real.applyChunk(...args);
    },
  };
  await using _consumer = startConsumer(pool, { store: wrap(failing, pool) });
  await append(pool, [asMessage(aPurchase("skip-0001"))]);

  await consumed(pool, 1);

  await eventually(
    async () => expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 10 }]),
    { timeoutMs: 3_000 },
  );
}

/** Attempts at a record add up over restarts of the consumer: with at most 3, two before and one after are the end. */
export async function checkAttemptsSurviveRestart(pool: Pool, wrap: WrapStore): Promise<void> {
  await append(pool, [asMessage(aPurchase("stubborn1"))]);
  const refusing = (): { store: ConsumerStore; tries: () => number } => {
    const real = storeOf(pool);
    let tries = 0;
    const store: ConsumerStore = {
      ...real,
      async applyChunk(consumer, assignment, entries, ...rest) {
        if (entries.every(({ kind }) => kind === "dead")) {
          return real.applyChunk(consumer, assignment, entries, ...rest);
        }
        tries++;
        throw new StoreDataError("22003", "value out of range");
      },
    };
    return { store: wrap(store, pool), tries: () => tries };
  };
  const before = refusing();
  {
    await using first = startConsumer(pool, {
      store: before.store,
      consumerConfig: { maxRetriesPerMessage: 1000 },
    });
    await eventually(() => expect(before.tries()).toBeGreaterThanOrEqual(2), WAIT);
    await first.actor.stop();
  }
  const after = refusing();
  await using _second = startConsumer(pool, {
    store: after.store,
    consumerConfig: { maxRetriesPerMessage: before.tries() + 1 },
  });

  await consumed(pool, 1);

  expect(after.tries()).toBe(1);
  expect(await query(pool, "select retry_count, error_class from feature_consumer_dlq")).toEqual([
    { retry_count: before.tries() + 1, error_class: "data" },
  ]);
}

/**
 * Chunks commit without a flush: a server that crashed may know nothing of the newest ones, while the consumer that
 * survived stands behind them. What the server lost is applied again.
 */
export async function checkLostChunksReturn(pool: Pool, wrap: WrapStore): Promise<void> {
  await using _consumer = startConsumer(pool, { store: wrap(storeOf(pool), pool) });
  await append(pool, [asMessage(aPurchase("kept-0001"))]);
  await consumed(pool, 1);
  await append(pool, [asMessage(aPurchase("lost-0001"))]);
  await consumed(pool, 2);
  await query(
    pool,
    `begin;
     update consumer_offset set next_offset = 1 where next_offset = 2;
     delete from feature_event_consumed where stream_event_id = 'watch-lost-0001';
     delete from events where event_id = 'watch-lost-0001';
     delete from user_history where pos = 2;
     update item_popularity set score = 10;
     commit`,
  );
  await append(pool, [asMessage(aPurchase("next-0001"))]);

  await consumed(pool, 3);

  expect(await query(pool, "select score::int from item_popularity")).toEqual([{ score: 30 }]);
}

/** Waits until the stored offsets have passed `records` records. */
export const consumed = (pool: Pool, records: number) =>
  eventually(async () => {
    const [row] = await query(pool, "select coalesce(sum(next_offset), 0)::int as done from consumer_offset");
    expect(row).toEqual({ done: records });
  }, WAIT);
