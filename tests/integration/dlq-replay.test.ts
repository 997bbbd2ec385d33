/** Replays of dead letters on a real database: each event's effect is made once, whoever replays, and however often. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadline } from "../../src/core/deadline.ts";
import { StoreUnavailableError } from "../../src/core/errors.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import { effectiveInteraction } from "../../src/events/interaction.ts";
import type { ImpressionEvent, LogEvent, WatchEvent } from "../../src/events/model.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { readAudit } from "../support/audit-chain.ts";
import { asMessage, query, TOPICS } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import {
  applyEvents,
  checkDuplicateChangesNothing,
  checkEffectWithMark,
  checkOneReplayerARow,
  HISTORY_SIZE,
  kindsOf,
  realReplays,
  replay,
  replaysOf,
  storeLetters,
  type WrapReplays,
} from "../support/dlq-checks.ts";
import { asTables, FEATURE_TABLES, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { anImpressionEvent, aWatchEvent, impressionItems, NOW_MS } from "../support/plans.ts";

let database: TestDatabase;
let pool: Pool;

const clear = () =>
  query(
    pool,
    `truncate ${FEATURE_TABLES}, item_exposure, feature_event_consumed, feature_consumer_dlq, ingested_event, audit_log`,
  );
beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 16 });
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(clear);

const soon = () => Deadline.after(10_000);
const messages = (events: readonly LogEvent[]) => events.map((event) => asMessage(event));
const rows = (columns: string) => query(pool, `select ${columns} from feature_consumer_dlq order by id`);
const aPurchase = (eventId: string) => aWatchEvent({ eventId, watchTimeSec: 300 });
const score = async () => (await query(pool, "select score::int from item_popularity"))[0]?.["score"] ?? 0;

/** The rest of the test is a few rows; a lease of these ends while it runs. */
const SHORT_LEASE_MS = 300;

describe("replay of dead letters", () => {
  test("applies a letter and marks it, with an audit row in the same chain", async () => {
    await storeLetters(pool, messages([aPurchase("letter-01"), anImpressionEvent({ eventId: "letter-02" })]));

    const outcomes = await replay(pool);

    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      { kind: "processed", streamEventId: "watch-letter-01" },
      { kind: "processed", streamEventId: "impression-letter-02" },
    ]);
    expect(await score()).toBe(10);
    expect(await query(pool, "select sum(impressions)::int as shown from item_exposure")).toEqual([
      { shown: 2 },
    ]);
    const [first] = await rows(
      "status, replay_count, replayed_at is not null as at, last_replay_error, resolved_by, replay_lease_until, retry_count",
    );
    expect(first).toEqual({
      status: "replayed",
      replay_count: 1,
      at: true,
      last_replay_error: null,
      resolved_by: "cli:test",
      replay_lease_until: null,
      retry_count: 5,
    });
    const ids = await rows("id");
    expect(await readAudit(pool)).toEqual(
      ids.map(({ id }) => ({
        actor: "cli:test",
        action: "dlq.replay",
        object: `feature_consumer_dlq:${id}`,
        result: "processed",
      })),
    );
  });

  test("F43: the replay of an applied event changes nothing and counts as replayed", () =>
    checkDuplicateChangesNothing(pool, realReplays));

  test("F42: of two replayers at once each row has one", () => checkOneReplayerARow(pool, realReplays));

  test("an effect comes with its mark or not at all", () => checkEffectWithMark(pool, realReplays));

  test("replayed rows may be replayed again: duplicates, even where their markers have ended", async () => {
    await storeLetters(pool, messages([aPurchase("twice-001"), anImpressionEvent({ eventId: "twice-002" })]));
    await replay(pool);
    await query(pool, "delete from feature_event_consumed");

    const again = await replay(pool, { filter: { statuses: ["pending", "replayed"] } });

    expect(kindsOf(again)).toEqual(["duplicate", "duplicate"]);
    expect(await score()).toBe(10);
    expect(await query(pool, "select sum(impressions)::int as shown from item_exposure")).toEqual([
      { shown: 2 },
    ]);
    expect(await rows("status, replay_count")).toEqual(
      Array(2).fill({ status: "replayed", replay_count: 2 }),
    );
  });

  test("a letter that fails again stays its row, pending, with the reason; its neighbours are replayed", async () => {
    const nonsense = { ...asMessage(aPurchase("letter-02")), value: Buffer.from("{not json") };
    const wrong = { ...asMessage(aPurchase("letter-03")), value: Buffer.from('{"event_type":"watch"}') };
    const strange = { ...asMessage(aPurchase("letter-04")), topic: "other.topic" };
    await storeLetters(pool, [asMessage(aPurchase("letter-01")), nonsense, wrong, strange]);

    expect(kindsOf(await replay(pool))).toEqual(["processed", "failed", "failed", "failed"]);
    expect(kindsOf(await replay(pool))).toEqual(["failed", "failed", "failed"]);

    const found = await rows("status, replay_count, retry_count, last_replay_error as error");
    expect(found).toHaveLength(4);
    expect(found.slice(1)).toMatchObject(
      Array(3).fill({ status: "pending", replay_count: 2, retry_count: 5 }),
    );
    expect(found[2]?.["error"]).toContain("event_id");
    expect(found[3]?.["error"]).toContain("other.topic");
  });

  test("a letter that the store refuses fails alone", async () => {
    await storeLetters(pool, messages([aPurchase("letter-01"), aPurchase("letter-02")]));
    await query(pool, "alter table events add constraint refused check (event_id <> 'watch-letter-01')");
    try {
      expect(kindsOf(await replay(pool))).toEqual(["failed", "processed"]);
    } finally {
      await query(pool, "alter table events drop constraint refused");
    }
    expect(await rows("status, last_replay_error like '%refused%' as told")).toEqual([
      { status: "pending", told: true },
      { status: "replayed", told: null },
    ]);
  });

  test("keeps to the filter", async () => {
    await storeLetters(
      pool,
      messages([aPurchase("letter-01"), anImpressionEvent({ eventId: "letter-02" }), aPurchase("letter-03")]),
    );
    const list = async (filter: {
      topic?: string;
      limit?: number;
      statuses?: ("pending" | "replayed")[];
    }) => {
      const found = await replaysOf(pool).list(
        { statuses: ["pending"], topic: null, limit: 10, ...filter },
        soon(),
      );
      return found.map(({ record }) => Number(record.offset));
    };

    expect(await list({})).toEqual([0, 1, 2]);
    expect(await list({ limit: 2 })).toEqual([0, 1]);
    expect(await list({ topic: TOPICS.watches })).toEqual([0, 2]);
    expect(await list({ statuses: ["replayed"] })).toEqual([]);
  });
});

describe("a replayer that fails", () => {
  test("ends at the first failure of the store; the next call does the rest, once", async () => {
    await storeLetters(pool, messages(["a", "b", "c", "d"].map((name) => aPurchase(`letter-${name}`))));
    let settled = 0;
    const failing: WrapReplays = (replays) => ({
      ...replays,
      async settle(...args) {
        if (++settled === 3) throw new StoreUnavailableError("connect", "the connection was lost");
        return replays.settle(...args);
      },
    });

    expect(kindsOf(await replay(pool, { wrap: failing, leaseMs: SHORT_LEASE_MS }))).toEqual([
      "processed",
      "processed",
      "unmarked",
    ]);
    expect(kindsOf(await replay(pool, { leaseMs: SHORT_LEASE_MS }))).toEqual(["processed", "processed"]);
    expect(await score()).toBe(40);
    expect(await rows("status")).toEqual(Array(4).fill({ status: "replayed" }));
  });

  test("with an answer that was lost has its row found done", async () => {
    await storeLetters(pool, messages([aPurchase("letter-01")]));
    const deaf: WrapReplays = (replays) => ({
      ...replays,
      async settle(...args) {
        await replays.settle(...args);
        throw new StoreUnavailableError("timeout", "no answer");
      },
    });

    expect(kindsOf(await replay(pool, { wrap: deaf }))).toEqual(["unmarked"]);

    expect(await replay(pool)).toEqual([]);
    expect(await score()).toBe(10);
  });

  test("that sleeps past its lease changes nothing any more", async () => {
    await storeLetters(pool, messages([aPurchase("letter-01")]));
    const sleeping = replaysOf(pool);
    const [letter] = await sleeping.list({ statuses: ["pending"], topic: null, limit: 1 }, soon());
    if (!letter) throw new Error("no letter");
    const taken = await sleeping.take(letter, SHORT_LEASE_MS, soon());
    if (taken.kind !== "taken") throw new Error(taken.kind);

    expect(kindsOf(await replay(pool, { leaseMs: 5_000 }))).toEqual(["processed"]);

    expect(await sleeping.fail(letter, taken.generation, "late", soon())).toBe("fenced");
    expect(await rows("status, replay_count, last_replay_error")).toEqual([
      { status: "replayed", replay_count: 1, last_replay_error: null },
    ]);
    expect(await readAudit(pool)).toHaveLength(1);
  });

  test("keeps others off its row while its lease lasts", async () => {
    await storeLetters(pool, messages([aPurchase("letter-01"), aPurchase("letter-02")]));
    const working = replaysOf(pool);
    const [letter] = await working.list({ statuses: ["pending"], topic: null, limit: 1 }, soon());
    if (!letter) throw new Error("no letter");
    await working.take(letter, 60_000, soon());

    expect(kindsOf(await replay(pool, { leaseMs: 50 }))).toEqual(["processed"]);

    expect(await rows("status")).toEqual([{ status: "pending" }, { status: "replayed" }]);
  });
});

type Drawn = {
  readonly user: string;
  readonly item: string;
  readonly seconds: number;
  readonly shown: boolean;
};
const someEvents = fc
  .array(
    fc.record<Drawn>({
      user: fc.constantFrom("u", "v"),
      item: fc.constantFrom("a", "b", "c"),
      seconds: fc.constantFrom(5, 60, 300),
      shown: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(({ user, item, seconds, shown }, index): LogEvent => {
      // Every event has an instant of its own, so that no result depends on the order of arrival.
      const own = { eventId: `drawn-event-${index}`, userId: user, tsMs: NOW_MS - index * 1000 };
      return shown
        ? anImpressionEvent({ ...own, items: impressionItems(item, "z") })
        : aWatchEvent({ ...own, itemId: item, watchTimeSec: seconds });
    }),
  );
const aStory = someEvents.chain((events) =>
  fc.record({
    events: fc.constant(events),
    letters: fc.shuffledSubarray(events, { minLength: 1 }),
    /** Delivered as records, too: before, between and after the replays. */
    delivered: fc.array(fc.shuffledSubarray([...events]), { minLength: 3, maxLength: 3 }),
    seeds: fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
  }),
);

test("F44: any permutation of replays, twice and between deliveries, gives the reference fold", async () => {
  await fc.assert(
    fc.asyncProperty(aStory, async ({ events, letters, delivered, seeds }) => {
      await clear();
      await storeLetters(pool, messages(letters));
      for (const [turn, batch] of delivered.entries()) {
        await applyEvents(pool, batch);
        const seed = seeds[turn];
        if (seed === undefined) continue;
        await replay(pool, {
          filter: { statuses: ["pending", "replayed"] },
          ordered: (found) =>
            [...found].sort((a, b) => orderOf(found.indexOf(a), seed) - orderOf(found.indexOf(b), seed)),
        });
      }
      const applied = events.filter((event) => [...letters, ...delivered.flat()].includes(event));
      const watches = applied.filter((event): event is WatchEvent => event.kind === "watch");
      const expected = foldInteractions(
        watches.map((watch) => effectiveInteraction(watch, watch.serverReceivedTsMs)),
        { historySize: HISTORY_SIZE, halfLifeHours: HALF_LIFE_HOURS },
      );
      expect(await readFeatures(pool)).toEqual(asTables(expected));
      const shown = applied.filter((event): event is ImpressionEvent => event.kind === "impression");
      expect(
        await query(pool, "select coalesce(sum(impressions), 0)::int as shown from item_exposure"),
      ).toEqual([{ shown: shown.flatMap(({ items }) => items).length }]);
      expect(await rows("status, replay_count")).toEqual(
        Array(letters.length).fill({ status: "replayed", replay_count: 2 }),
      );
    }),
    { numRuns: 40 },
  );
});

/** A number that scatters places by a seed. */
const orderOf = (place: number, seed: number) => ((place + 1) * 2_654_435_761 * (seed + 1)) % 4_294_967_291;
