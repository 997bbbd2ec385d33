/** The consumer with one guarantee broken at a time: the check that the real one passes (consumer) must catch it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { ChunkEntry } from "../../src/events/ports.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { storeOf } from "../support/backbone.ts";
import {
  checkAppliedOnce,
  checkAttemptsSurviveRestart,
  checkLostChunksReturn,
  checkNothingSkipped,
  type WrapStore,
} from "../support/consumer-checks.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";

/** Applies every delivery as if it were the first. */
const noDeduplication: WrapStore = (store) => {
  let deliveries = 0;
  const asNew = (entry: ChunkEntry): ChunkEntry => {
    if (entry.kind !== "watch") return entry;
    const suffix = `#${++deliveries}`;
    const { streamEventId, interaction } = entry;
    return {
      ...entry,
      streamEventId: streamEventId + suffix,
      interaction: { ...interaction, eventId: interaction.eventId + suffix },
    };
  };
  return {
    ...store,
    applyChunk: (consumer, assignment, entries, ...rest) =>
      store.applyChunk(consumer, assignment, entries.map(asNew), ...rest),
  };
};

/** Moves the stored offset before the chunk is applied. */
const offsetFirst: WrapStore = (store, pool) => ({
  ...store,
  async applyChunk(consumer, assignment, entries, nextOffset, deadline) {
    const { topic, partition } = assignment;
    await pool.use("write", Deadline.after(5_000), async (sql) => {
      await sql`
        update consumer_offset set next_offset = ${nextOffset}
        where consumer = ${consumer} and topic = ${topic} and partition = ${partition}`;
    });
    return store.applyChunk(consumer, assignment, entries, nextOffset, deadline);
  },
});

/** Counts attempts where a restart forgets them. */
const attemptsInMemory: WrapStore = (store) => {
  const attempts = new Map<bigint, number>();
  return {
    ...store,
    async countAttempt({ offset }) {
      attempts.set(offset, (attempts.get(offset) ?? 0) + 1);
      return attempts.get(offset) ?? 0;
    },
  };
};

/** Keeps no account of what the server confirmed. */
const trustingStore: WrapStore = (store, pool) => ({
  ...store,
  applyChunk: (...args) => storeOf(pool).applyChunk(...args),
});

describe("consumer mutants", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool();
  });
  afterEach(() => database[Symbol.asyncDispose]());

  test("without de-duplication a message that comes again is caught", async () => {
    expect(await failure(checkAppliedOnce(pool, noDeduplication))).toContain('"score": 30');
  });

  test("an offset that moves before the commit is caught by the skipped record", async () => {
    expect(await failure(checkNothingSkipped(pool, offsetFirst))).toContain('"score": 10');
  });

  test("an offset that moves whatever the server has lost is caught by the lost chunk", async () => {
    expect(await failure(checkLostChunksReturn(pool, trustingStore))).toContain('"score": 20');
  });

  test("attempts counted in memory are caught by the restart", async () => {
    expect(await failure(checkAttemptsSurviveRestart(pool, attemptsInMemory))).not.toBe("passed");
  });
});

/** The message with which a check failed; "passed" when it did not. */
const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );
