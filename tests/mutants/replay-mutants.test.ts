/** Replays with one guarantee broken at a time: the check that the real ones pass must catch it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { applyEffects } from "../../src/stores/postgres/consumer-effects.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { OUTBOX_PARTITIONS, query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import {
  checkDuplicateChangesNothing,
  checkEffectWithMark,
  checkOneReplayerARow,
  type WrapReplays,
} from "../support/dlq-checks.ts";
import { checkConserved, type Requeue, realRequeue, soon } from "../support/outbox-checks.ts";

/** Puts rows back and leaves them counted as published. */
const counterNotLowered: Requeue = async (pool, ...rest) => {
  const ids = await realRequeue(pool, ...rest);
  await query(
    pool,
    `update outbox_counter c set published = c.published + r.rows
     from (select partition, count(*) as rows from event_outbox where id in (${ids.join(",")}) group by 1) r
     where r.partition = c.partition`,
  );
  return ids;
};

/** Takes every row, whoever has it. */
const noLease: WrapReplays = (replays, pool) => ({
  ...replays,
  async take({ id }) {
    const [row] = await query(pool, `select replay_generation from feature_consumer_dlq where id = ${id}`);
    return { kind: "taken", generation: Number(row?.["replay_generation"]) };
  },
});

/** Applies every letter as if its event were a new one. */
const noDeduplication: WrapReplays = (replays) => ({
  ...replays,
  settle(letter, generation, effect, deadline) {
    const streamEventId = `${effect.streamEventId}#${letter.id}`;
    const asNew =
      effect.kind === "watch"
        ? { ...effect, streamEventId, interaction: { ...effect.interaction, eventId: streamEventId } }
        : { ...effect, streamEventId };
    return replays.settle(letter, generation, asNew, deadline);
  },
});

/** Commits the effect, and marks the row afterwards. */
const effectFirst: WrapReplays = (replays, pool) => ({
  ...replays,
  async settle(letter, generation, effect, deadline) {
    await pool.transaction("write", deadline, (tx) => applyEffects(tx, [effect], 20));
    return replays.settle(letter, generation, effect, deadline);
  },
});

describe("replay mutants", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool({ max: 16 });
    await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, soon());
  });
  afterEach(() => database[Symbol.asyncDispose]());

  test("a counter that a requeue does not lower is caught by the conservation of rows", async () => {
    expect(await failure(checkConserved(pool, counterNotLowered))).toContain('"inserted": 10');
  });

  test("without a lease two replayers of one row are caught", async () => {
    expect(await failure(checkOneReplayerARow(pool, noLease))).toContain("replay_count");
  });

  test("without de-duplication the replay of an applied event is caught", async () => {
    expect(await failure(checkDuplicateChangesNothing(pool, noDeduplication))).toContain('"score": 40');
  });

  test("an effect that is committed before its mark is caught", async () => {
    expect(await failure(checkEffectWithMark(pool, effectFirst))).toContain('"markers": 1');
  });
});

/** The message with which a check failed; "passed" when it did not. */
const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );
