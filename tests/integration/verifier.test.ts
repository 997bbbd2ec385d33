/** The online verifier on a real database: silent about all that is on its way, loud about each kind of loss. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { VerifierPorts } from "../../src/actors/verifier.ts";
import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { StoreUnavailableError } from "../../src/core/errors.ts";
import { readEmbeddedBounds } from "../../src/stores/eventlog/embedded-bounds.ts";
import { catchUpFeatures } from "../../src/stores/postgres/feature-catch-up.ts";
import { importEvents } from "../../src/stores/postgres/interaction-import.ts";
import { maintenanceTasks } from "../../src/stores/postgres/maintenance.ts";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import { requeue } from "../../src/stores/postgres/outbox-requeue.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { VerifierStore } from "../../src/stores/postgres/verifier-store.ts";
import { append, asMessage, GROUP, ingest, OUTBOX_PARTITIONS, query, TOPICS } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { storeLetters } from "../support/dlq-checks.ts";
import { aFilter, soon } from "../support/outbox-checks.ts";
import { aDirectEvent, anImpressionEvent, aWatchEvent, planOf } from "../support/plans.ts";
import {
  acknowledge,
  checkLostEffectFound,
  checkLostRowFound,
  checkQuietOnTheWay,
  checkSkippedFound,
  consumeAll,
  found,
  publishAll,
  RETENTION,
  verifierOf,
} from "../support/verifier-checks.ts";

let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 16 });
  await ensureOutboxPartitions(pool, OUTBOX_PARTITIONS, soon());
});
afterEach(() => database[Symbol.asyncDispose]());

/** All of it, applied. */
async function arrived(prefix?: string): Promise<void> {
  await acknowledge(pool, prefix);
  await publishAll(pool);
  await consumeAll(pool);
}

/** As if everything had happened so long ago. */
async function age(interval: string): Promise<void> {
  const earlier = (table: string, ...columns: string[]) =>
    `update ${table} set ${columns.map((name) => `${name} = ${name} - interval '${interval}'`).join(", ")};`;
  await query(
    pool,
    [
      earlier("verifier_cursor", "since", "position"),
      earlier("ingested_event", "received_at"),
      earlier("watches", "created_at"),
      earlier("impressions", "created_at"),
      earlier("event_outbox", "created_at", "published_at"),
      earlier("feature_event_consumed", "consumed_at"),
      earlier("event_log", "ts"),
    ].join("\n"),
  );
}

async function maintain(): Promise<void> {
  for (const task of maintenanceTasks(RETENTION)) await task.run(pool, Deadline.after(20_000));
}

describe("says nothing about", () => {
  test("events that wait in the outbox, in the log, and that have arrived", () => checkQuietOnTheWay(pool));

  test("a backlog of which consumers have read a part", async () => {
    await arrived("read");
    const verifier = verifierOf(pool);
    await acknowledge(pool, "unread");
    await publishAll(pool);
    expect(await found(pool, verifier, 4)).toEqual([]);
  });

  test("an event whose transaction is still open when later ones are verified", async () => {
    const verifier = verifierOf(pool);
    await pool.transaction("write", soon(), async (tx) => {
      await tx`
        insert into ingested_event (event_id, event_type, body_hash) values ('late-0001', 'watch', '')`;
      await acknowledge(pool);
      expect(await found(pool, verifier)).toEqual([]);
      await tx`select 1`;
    });
    // It is verified once it is there, and it has no fact.
    expect(await found(pool, verifier)).toEqual(["watch late-0001: fact"]);
  });

  test("dead rows and dead letters, and their replays", async () => {
    const verifier = verifierOf(pool);
    await query(pool, "alter table event_outbox alter column status set default 'dead'");
    await acknowledge(pool, "dead");
    await query(pool, "alter table event_outbox alter column status set default 'pending'");
    await query(pool, "alter table events add constraint broken check (event_id not like 'watch-verify-%')");
    await arrived();
    expect(await query(pool, "select 1 from feature_consumer_dlq where status = 'pending'")).toHaveLength(3);
    expect(await found(pool, verifier)).toEqual([]);

    await requeue(pool, aFilter({ status: "all" }), "test", soon());
    expect(await found(pool, verifier)).toEqual([]);
    await query(pool, "alter table events drop constraint broken");
    await publishAll(pool);
    await consumeAll(pool);
    expect(await found(pool, verifier)).toEqual([]);
  });

  test("a dead letter that names its event in a header alone", async () => {
    const verifier = verifierOf(pool);
    await ingest(pool, [aWatchEvent({ eventId: "broken-01" })]);
    await query(pool, `update event_outbox set payload = '{"event_id": 7}'`);
    await publishAll(pool);
    await consumeAll(pool);
    expect(await query(pool, "select event_id from feature_consumer_dlq")).toEqual([{ event_id: null }]);
    expect(await found(pool, verifier)).toEqual([]);
  });

  test("imports past the stream, also when retention takes their events at once", async () => {
    const verifier = verifierOf(pool);
    const year2000 = 946_684_800_000;
    const events = [
      aDirectEvent({ eventId: "import-d1", tsMs: year2000 }),
      aWatchEvent({ eventId: "import-w1", tsMs: year2000 }),
      anImpressionEvent({ eventId: "import-s1", tsMs: year2000 }),
    ];
    await importEvents(pool, events.map(planOf), { publish: false }, systemClock, soon());
    expect(await found(pool, verifier)).toEqual([]);
    await maintain();
    expect(await query(pool, "select 1 from events")).toEqual([]);
    expect(await found(pool, verifier)).toEqual([]);
  });

  test("an import that publishes old facts a second time, whose ledger entries had ended", async () => {
    const verifier = verifierOf(pool);
    await arrived();
    await age("32 days");
    await maintain();
    expect(await query(pool, "select 1 from ingested_event")).toEqual([]);
    const plan = planOf(aWatchEvent({ eventId: "verify-w1", userId: "u-1", itemId: "verify-i1" }));
    await importEvents(pool, [plan], { publish: true }, systemClock, soon());
    expect(await query(pool, "select 1 from event_outbox")).toEqual([]);
    expect(await found(pool, verifier)).toEqual([]);
  });

  test.each(["4 days", "13 days", "15 days", "32 days"])(
    "what retention removed after %s, to a verifier that was there and to one that comes then",
    async (interval) => {
      const verifier = verifierOf(pool);
      await arrived();
      expect(await found(pool, verifier)).toEqual([]);
      await age(interval);
      expect(await found(pool, verifierOf(pool))).toEqual([]);
      await maintain();
      expect(await query(pool, "select 1 from event_outbox")).toEqual([]);
      expect(await found(pool, verifier)).toEqual([]);
      expect(await found(pool, verifierOf(pool))).toEqual([]);
    },
  );

  test("rows that were purged while consumers were behind, until they are no longer", async () => {
    const verifier = verifierOf(pool);
    await acknowledge(pool);
    await publishAll(pool);
    await age("4 days");
    await query(pool, "update event_log set ts = now()");
    await maintain();
    expect(await query(pool, "select 1 from event_outbox")).toEqual([]);
    expect(await found(pool, verifier)).toEqual([]);
    await consumeAll(pool);
    expect(await found(pool, verifier)).toEqual([]);
  });

  test("published rows that are sent again when their markers are older than the retention", async () => {
    const verifier = verifierOf(pool);
    await arrived();
    await query(pool, "update feature_event_consumed set consumed_at = consumed_at - interval '15 days'");
    await requeue(pool, aFilter({ status: "published" }), "test", soon());
    await publishAll(pool);
    await consumeAll(pool);
    await maintain();
    expect(await query(pool, "select 1 from feature_event_consumed")).toHaveLength(6);
    expect(await found(pool, verifier)).toEqual([]);
  });

  test("records that others put into the log", async () => {
    await append(pool, [asMessage(anImpressionEvent({ eventId: "foreign-1" }))]);
    await consumeAll(pool);
    expect(await found(pool, verifierOf(pool))).toEqual([]);
  });

  test("a topic that was made anew", async () => {
    const verifier = verifierOf(pool);
    await arrived();
    await query(
      pool,
      `update event_log_topic set topic_id = topic_id || 'x'; delete from event_log;
       update event_log_partition set next_offset = 0`,
    );
    expect(await found(pool, verifier)).toEqual([]);
    await arrived("anew");
    expect(await found(pool, verifier)).toEqual([]);
  });
});

describe("finds", () => {
  test("an event whose outbox row is gone", () => checkLostRowFound(pool));

  test("an event whose marker and features are gone", () => checkLostEffectFound(pool));

  test("events that a stored offset was moved past", () => checkSkippedFound(pool));

  test("records that the log lost before they were read", async () => {
    const verifier = verifierOf(pool);
    await acknowledge(pool);
    await publishAll(pool);
    await query(pool, "delete from event_log");
    expect(await found(pool, verifier)).toHaveLength(6);
  });

  test("acknowledged events without a fact, of every kind", async () => {
    const verifier = verifierOf(pool);
    await arrived();
    await query(
      pool,
      `insert into ingested_event (event_id, event_type, body_hash) values ('direct-01', 'direct', '');
       delete from watches where event_id = 'verify-w2'; delete from impressions where event_id = 'verify-s2'`,
    );
    expect(await found(pool, verifier)).toEqual([
      "direct direct-01: fact",
      "impression verify-s2: fact",
      "watch verify-w2: fact",
    ]);
  });

  test("events that are marked and were not applied", async () => {
    const verifier = verifierOf(pool);
    await acknowledge(pool);
    await publishAll(pool);
    await query(
      pool,
      `insert into feature_event_consumed (stream_event_id, source_topic, source_partition, source_offset)
       values ('watch-verify-w1', 't', 0, 0), ('impression-verify-s1', 't', 0, 1)`,
    );
    await consumeAll(pool);
    expect(await found(pool, verifier)).toEqual([
      "impression verify-s1: features",
      "watch verify-w1: features",
    ]);
  });

  test("an impression that is lost beside a dead letter of a watch with its id", async () => {
    const verifier = verifierOf(pool);
    await arrived();
    await query(pool, "delete from feature_event_consumed where stream_event_id = 'impression-verify-s1'");
    await storeLetters(pool, [asMessage(aWatchEvent({ eventId: "verify-s1" }))]);
    expect(await found(pool, verifier)).toEqual(["impression verify-s1: effect"]);
  });
});

describe("what was found", () => {
  test("goes when the event is repaired", async () => {
    await checkSkippedFound(pool);
    const settings = { pool, topics: TOPICS, historySize: 20, consumedDays: 14, factDays: 0 };
    await catchUpFeatures(settings, { fromMs: null, toMs: null }, soon());
    expect(await found(pool, verifierOf(pool))).toEqual([]);
  });

  test("goes when its row is published again", async () => {
    await checkSkippedFound(pool);
    await requeue(pool, aFilter({ status: "published" }), "test", soon());
    expect(await found(pool, verifierOf(pool))).toEqual([]);
    await publishAll(pool);
    await consumeAll(pool);
    expect(await found(pool, verifierOf(pool))).toEqual([]);
  });

  test("goes when nothing is left of the event", async () => {
    await query(
      pool,
      "insert into ingested_event (event_id, event_type, body_hash) values ('gone-0001', 'watch', '')",
    );
    expect(await found(pool, verifierOf(pool))).toEqual(["watch gone-0001: fact"]);
    await query(pool, "delete from ingested_event");
    expect(await found(pool, verifierOf(pool))).toEqual([]);
  });

  test("stays when a later search fails, and is there after a restart", async () => {
    await query(
      pool,
      `insert into ingested_event (event_id, event_type, body_hash, received_at)
       values ('early-001', 'watch', '', now() - interval '90 minutes'), ('later-001', 'watch', '', now());
       update verifier_cursor set since = now() - interval '2 hours', position = now() - interval '2 hours', width_ms = 3600000`,
    );
    class Failing extends VerifierStore {
      override search(...args: Parameters<VerifierStore["search"]>): ReturnType<VerifierStore["search"]> {
        const [name, { toMs }] = args;
        if (name !== "acknowledged" || toMs < Date.now() - 3_000_000) return super.search(...args);
        return Promise.reject(new Error("relation is broken"));
      }
    }
    const failing = verifierOf(pool, (ports) => ({ ...ports, store: new Failing(pool, GROUP) }));
    expect(await failing.round(soon()).catch((error: Error) => error.message)).toBe("relation is broken");
    expect(await query(pool, "select event_id from verifier_finding")).toEqual([{ event_id: "early-001" }]);
    expect(await found(pool, verifierOf(pool))).toEqual(["watch early-001: fact", "watch later-001: fact"]);
  });

  test("is bounded: with its room used up the walk waits, and goes on when there is room", async () => {
    await query(
      pool,
      `insert into ingested_event (event_id, event_type, body_hash)
       select 'many-' || n, 'watch', '' from generate_series(1, 25) n`,
    );
    const small = verifierOf(pool, (ports) => ({ ...ports, maxFindings: 10 }));
    expect(await found(pool, small)).toHaveLength(10);
    await query(pool, "delete from ingested_event where event_id in (select event_id from verifier_finding)");
    expect(await found(pool, small)).toHaveLength(10);
    expect(await found(pool, verifierOf(pool))).toHaveLength(15);
  });

  test("goes past as many findings of one window as there is room left for", async () => {
    const back = `update verifier_cursor
      set since = now() - interval '2 hours', position = now() - interval '2 hours', width_ms = 600000`;
    await query(
      pool,
      `insert into ingested_event (event_id, event_type, body_hash, received_at)
       select 'known-' || n, 'watch', '', now() - interval '90 minutes' from generate_series(1, 200) n`,
    );
    const half = verifierOf(pool, (ports) => ({ ...ports, maxFindings: 210 }));
    await query(pool, back);
    expect(await found(pool, half)).toHaveLength(200);
    await query(
      pool,
      `insert into ingested_event (event_id, event_type, body_hash, received_at)
       values ('later-001', 'watch', '', now() - interval '5 minutes')`,
    );
    await query(pool, back);
    expect(await found(pool, half, 1)).toContain("watch later-001: fact");
  });
});

describe("a round", () => {
  test("without the log fails, and looks again at what consumers had passed before", async () => {
    const inLog: VerifierPorts["readBounds"] = (deadline) =>
      readEmbeddedBounds(pool, Object.values(TOPICS), deadline);
    let readBounds = inLog;
    const verifier = verifierOf(pool, (ports) => ({
      ...ports,
      readBounds: (deadline) => readBounds(deadline),
    }));
    await arrived();
    expect(await found(pool, verifier)).toEqual([]);
    await query(pool, "delete from feature_event_consumed where stream_event_id = 'watch-verify-w1'");
    readBounds = () => Promise.reject(new Error("no broker answers"));
    expect(await verifier.round(soon()).catch((error: Error) => error.message)).toBe("no broker answers");
    expect(await query(pool, "select event_id from verifier_finding")).toEqual([{ event_id: "verify-w1" }]);
  });

  test("after the store's clock was set back begins with a new barrier", async () => {
    let aheadMs = 3_600_000;
    class OtherClock extends VerifierStore {
      override async moment(...args: Parameters<VerifierStore["moment"]>) {
        const { nowMs, settledMs, sentMs } = await super.moment(...args);
        return { nowMs: nowMs + aheadMs, settledMs: settledMs + aheadMs, sentMs: sentMs + aheadMs };
      }
    }
    const verifier = verifierOf(pool, (ports) => ({ ...ports, store: new OtherClock(pool, GROUP) }));
    await arrived("before");
    expect(await found(pool, verifier, 1)).toEqual([]);
    aheadMs = 0;
    await acknowledge(pool);
    await publishAll(pool);
    expect(await found(pool, verifier)).toEqual([]);
  });

  test("beside an outbox row that is being retried goes as far as that, and on when it is dead", async () => {
    const verifier = verifierOf(pool);
    await arrived("before");
    await ingest(pool, [aWatchEvent({ eventId: "retried-1" })]);
    await query(
      pool,
      "update event_outbox set attempt_count = 3, next_attempt_at = now() + interval '1 minute' where status = 'pending'",
    );
    const [{ created } = { created: 0 }] = (await query(
      pool,
      "select (extract(epoch from created_at) * 1000)::float8 as created from event_outbox where event_id = 'retried-1'",
    )) as { created: number }[];
    expect(await verifier.round(soon())).toBeLessThanOrEqual(created);
    await query(pool, "update event_outbox set status = 'dead' where event_id = 'retried-1'");
    await verifier.round(soon());
    expect(await verifier.round(soon())).toBeGreaterThan(created);
    expect(await found(pool, verifier)).toEqual([]);
  });
});

describe("a search that takes too long", () => {
  class Slow extends VerifierStore {
    readonly windows: number[] = [];
    override search(...args: Parameters<VerifierStore["search"]>): ReturnType<VerifierStore["search"]> {
      const [name, { fromMs, toMs }] = args;
      if (name !== "published") return super.search(...args);
      this.windows.push(toMs - fromMs);
      if (toMs - fromMs <= 60_000) return super.search(...args);
      return Promise.reject(
        new StoreUnavailableError("contention", "canceling statement due to statement timeout"),
      );
    }
  }

  test("is narrowed, for the next round and the next process, and nothing is left out", async () => {
    await arrived();
    await age("10 minutes");
    await query(pool, "delete from feature_event_consumed where stream_event_id = 'watch-verify-w1'");
    await query(
      pool,
      "update verifier_cursor set width_ms = 3600000, position = position - interval '1 hour', since = since - interval '1 hour'",
    );
    const first = new Slow(pool, GROUP);
    await verifierOf(pool, (ports) => ({ ...ports, store: first })).round(soon());
    expect(first.windows.slice(0, 3)).toEqual([3_600_000, 450_000, 56_250]);
    const next = new Slow(pool, GROUP);
    expect(
      await found(
        pool,
        verifierOf(pool, (ports) => ({ ...ports, store: next })),
        30,
      ),
    ).toEqual(["watch verify-w1: effect"]);
    expect(next.windows[0]).toBeLessThan(450_000);
  });
});
