/** Consumers whose process is killed in the middle of a chunk: features are those of what was consumed. */

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import postgres from "postgres";
import { foldInteractions } from "../../src/events/fold.ts";
import { effectiveInteraction } from "../../src/events/interaction.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { append, asMessage, query } from "../support/backbone.ts";
import { consumed } from "../support/consumer-checks.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { asTables, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { anImpressionEvent, aWatchEvent, NOW_MS } from "../support/plans.ts";
import { ROOT } from "../support/program.ts";

setDefaultTimeout(90_000);

const WATCHES_A_ROUND = 24;
const IMPRESSIONS_A_ROUND = 4;
const RECORDS_A_ROUND = WATCHES_A_ROUND + IMPRESSIONS_A_ROUND;
const ITEMS_SHOWN = anImpressionEvent().items.length;
const SETTLE = { timeoutMs: 20_000, intervalMs: 10 };

/** What the transaction of a chunk writes, in its order. */
const WRITTEN = [
  "feature_event_consumed",
  "events",
  "co_visitation",
  "seq_rule",
  "item_decay",
  "item_popularity",
  "user_history",
  "item_exposure",
  "consumer_retry",
  "consumer_offset",
] as const;

const watchesOf = (round: number) =>
  Array.from({ length: WATCHES_A_ROUND }, (_, index) => {
    const number = round * WATCHES_A_ROUND + index;
    return aWatchEvent({
      eventId: `death-${String(number).padStart(4, "0")}`,
      userId: `u-${index % 5}`,
      itemId: `i-${(number * 5) % 17}`,
      tsMs: NOW_MS - 600_000 + number * 1000,
      watchTimeSec: (number * 13) % 150,
    });
  });
const impressionsOf = (round: number) =>
  Array.from({ length: IMPRESSIONS_A_ROUND }, (_, index) =>
    anImpressionEvent({ eventId: `shown-${round}-${index}`, userId: `u-${index}` }),
  );

describe("a consumer that dies inside the transaction", () => {
  let database: TestDatabase;
  let pool: Pool;
  let rounds: number;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool();
    rounds = 0;
  });
  afterEach(() => database[Symbol.asyncDispose]());

  const spawn = () => {
    const program = join(ROOT, "tests/fixtures/programs/consumer.ts");
    const child = Bun.spawn([process.execPath, program, database.url], { stdin: "pipe", stderr: "inherit" });
    return {
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await child.exited;
      },
    };
  };
  const appendRound = () => {
    const records = [...watchesOf(rounds), ...impressionsOf(rounds)];
    rounds++;
    return append(
      pool,
      records.map((event) => asMessage(event)),
    );
  };
  const sessions = (condition: string) =>
    query(pool, `select 1 from pg_stat_activity where application_name like 'mortal%' and ${condition}`);

  /** Markers, offsets, events and features tell of the same records, whichever these are. */
  async function expectWholeChunks(): Promise<void> {
    const [counts] = await query(
      pool,
      `select (select count(*)::int from feature_event_consumed) as markers,
         (select coalesce(sum(next_offset), 0)::int from consumer_offset) as offsets,
         (select count(*)::int from feature_event_consumed where stream_event_id like 'impression-%') as shown,
         (select coalesce(sum(impressions), 0)::int from item_exposure) as exposures`,
    );
    const { markers, offsets, shown, exposures } = counts as Record<string, number>;
    expect({ offsets, exposures }).toEqual({ offsets: markers, exposures: (shown as number) * ITEMS_SHOWN });
    const ids = new Set((await query(pool, "select event_id from events")).map((row) => row["event_id"]));
    const applied = Array.from({ length: rounds }, (_, round) => watchesOf(round))
      .flat()
      .filter(({ eventId }) => ids.has(`watch-${eventId}`));
    expect(ids.size).toBe((markers as number) - (shown as number));
    const expected = foldInteractions(
      applied.map((watch) => effectiveInteraction(watch, NOW_MS)),
      { historySize: 20, halfLifeHours: HALF_LIFE_HOURS },
    );
    expect(await readFeatures(pool)).toEqual(asTables(expected));
  }

  test("F30: a process killed at any statement of the transaction leaves no half chunk, and the next one goes on", async () => {
    await using opened = new AsyncDisposableStack();
    const blocker = postgres(database.url, { max: 1, onnotice: () => {} });
    opened.defer(() => blocker.end({ timeout: 1 }));
    for (const table of WRITTEN) {
      await using mortal = spawn();
      await appendRound();
      await consumed(pool, rounds * RECORDS_A_ROUND);
      // It has its partitions; what comes now stops at its first write of this table.
      const held = await blocker.reserve();
      await held`begin`;
      await held`lock table ${held(table)} in share mode`;
      await appendRound();
      await eventually(
        async () => expect(await sessions("wait_event_type = 'Lock'")).not.toEqual([]),
        SETTLE,
      );
      await mortal[Symbol.asyncDispose]();
      await held`rollback`;
      held.release();
      await eventually(async () => expect(await sessions("true")).toEqual([]), SETTLE);
      await expectWholeChunks();
    }

    await using _survivor = spawn();
    await consumed(pool, rounds * RECORDS_A_ROUND);

    await expectWholeChunks();
    expect(await query(pool, "select 1 from feature_consumer_dlq")).toEqual([]);
  });
});
