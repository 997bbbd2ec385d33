/** Consumers that die and rebalance in the middle of their work: the features equal a single ordered delivery. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { StoreDataError } from "../../src/core/errors.ts";
import { armFailpoints } from "../../src/core/failpoint.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import { effectiveInteraction } from "../../src/events/interaction.ts";
import type { WatchEvent } from "../../src/events/model.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { append, asMessage, metricValue, query, startConsumer, storeOf } from "../support/backbone.ts";
import { consumed } from "../support/consumer-checks.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { eventually } from "../support/eventually.ts";
import { asTables, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { aWatchEvent, NOW_MS } from "../support/plans.ts";

const watches: readonly WatchEvent[] = Array.from({ length: 240 }, (_, index) =>
  aWatchEvent({
    eventId: `fault-${String(index).padStart(4, "0")}`,
    userId: `u-${index % 12}`,
    itemId: `i-${(index * 5) % 17}`,
    tsMs: NOW_MS - 600_000 + index * 1000,
    watchTimeSec: (index * 13) % 150,
  }),
);

describe("consumer faults", () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = database.pool({ max: 20 });
  });
  afterEach(async () => {
    armFailpoints("");
    await database[Symbol.asyncDispose]();
  });

  async function expectModelFeatures(): Promise<void> {
    const expected = foldInteractions(
      watches.map((watch) => effectiveInteraction(watch, NOW_MS)),
      { historySize: 20, halfLifeHours: HALF_LIFE_HOURS },
    );
    expect(await readFeatures(pool)).toEqual(asTables(expected));
    expect(await query(pool, "select 1 from feature_consumer_dlq")).toEqual([]);
  }

  test("F29: dying between the commit and the log's commit loses nothing and repeats nothing", async () => {
    await append(
      pool,
      watches.map((watch) => asMessage(watch)),
    );
    armFailpoints("consumer.after_commit=throw@3");
    for (let deaths = 0; deaths < 3; deaths++) {
      const mortal = startConsumer(pool, { consumerConfig: { maxPollRecords: 10 } });
      expect(await mortal.ended).toMatchObject({ name: "FailpointError" });
      await mortal.actor.stop();
    }
    armFailpoints("");

    await using _survivor = startConsumer(pool);
    await consumed(pool, watches.length);

    await expectModelFeatures();
  });

  test("F30: failing inside the transaction leaves no half chunk", async () => {
    await append(
      pool,
      watches.map((watch) => asMessage(watch)),
    );
    armFailpoints("consumer.in_transaction=throw@2");
    // However the failures fall, none of them is the record's own.
    const consumerConfig = { maxPollRecords: 40, maxRetriesPerMessage: 1_000 };
    await using _consumer = startConsumer(pool, { consumerConfig });

    await consumed(pool, watches.length);

    await expectModelFeatures();
  });

  test("F31: members that come and go in the middle of chunks lose nothing and repeat nothing", async () => {
    let isOver = false;
    const churn = async (pauseMs: number) => {
      while (!isOver) {
        await using _member = startConsumer(pool, { consumerConfig: { maxPollRecords: 7 } });
        await systemClock.sleep(pauseMs);
      }
    };
    armFailpoints("consumer.in_transaction=delay:20");
    const members = [churn(500), churn(800)];
    for (let at = 0; at < watches.length; at += 20) {
      await append(
        pool,
        watches.slice(at, at + 20).map((watch) => asMessage(watch)),
      );
      await systemClock.sleep(100);
    }
    armFailpoints("");
    await consumed(pool, watches.length).finally(() => {
      isOver = true;
    });
    await Promise.all(members);

    await expectModelFeatures();
  });

  test("F35: while dead letters cannot be stored the offset stays, the alarm rises, and nothing is skipped", async () => {
    const real = storeOf(pool);
    let isBroken = true;
    let refusals = 0;
    await using consumer = startConsumer(pool, {
      store: {
        ...real,
        async applyChunk(group, assignment, entries, ...rest) {
          if (isBroken && entries.some(({ kind }) => kind === "dead")) {
            refusals++;
            throw new StoreDataError("23514", "feature_consumer_dlq takes nothing");
          }
          return real.applyChunk(group, assignment, entries, ...rest);
        },
      },
    });
    const poison = { ...asMessage(aWatchEvent({ eventId: "poison-01" })), value: Buffer.from("not json") };
    await append(pool, [poison, asMessage(aWatchEvent({ eventId: "behind-01" }))]);
    await eventually(() => expect(refusals).toBeGreaterThan(2), { timeoutMs: 15_000 });
    expect(
      metricValue(consumer.metrics, "reco_feature_consumer_errors_total", { stage: "dlq_store" }),
    ).toBeGreaterThan(0);
    const offsets = await query(
      pool,
      "select coalesce(sum(next_offset), 0)::int as done from consumer_offset",
    );
    expect(offsets).toEqual([{ done: 0 }]);
    expect(await query(pool, "select 1 from events")).toEqual([]);

    isBroken = false;
    await consumed(pool, 2);

    expect(await query(pool, "select error_class from feature_consumer_dlq")).toEqual([
      { error_class: "not_json" },
    ]);
    expect(await query(pool, "select event_id from events")).toEqual([{ event_id: "watch-behind-01" }]);
  });
});
